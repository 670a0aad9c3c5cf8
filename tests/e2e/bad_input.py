"""Bad input, bad surroundings: a clear error or correct work, never a crash, a hang or lost state."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ALLORA = os.environ["ALLORA"]
SLOW = 3 if os.environ.get("ALLORA_SANITIZED") else 1
room = tempfile.mkdtemp()
failures = []


def surroundings(**changes):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ALLORA_"))}
    env.update(HOME=room + "/home", LC_ALL="C.UTF-8", TERM="dumb")
    for key, value in changes.items():
        if value is None:
            env.pop(key, None)
        else:
            env[key] = value
    return env


def run(*args, stdin=b"", env=None, timeout=20, **more):
    """Runs allora; a signal or a hang is always a failure. Returns (exit code, stdout, stderr)."""
    shown = " ".join(repr(a)[:60] for a in args)
    try:
        more.setdefault("stdout", subprocess.PIPE)
        p = subprocess.run([ALLORA, *args], input=stdin, stderr=subprocess.PIPE,
                           env=env or surroundings(), timeout=timeout * SLOW, **more)
    except subprocess.TimeoutExpired:
        failures.append(f"{shown}: no end after {timeout * SLOW} s")
        return None, b"", b""
    err = p.stderr.decode(errors="replace")
    if p.returncode < 0:
        failures.append(f"{shown}: died of signal {-p.returncode}: {err[-400:]}")
    if "Sanitizer" in err or "runtime error:" in err:
        failures.append(f"{shown}: {err[-1500:]}")
    return p.returncode, p.stdout or b"", err


def expect(what, got, code, *words, nowhere=()):
    rc, _, err = got
    if rc is None:
        return
    codes = code if isinstance(code, tuple) else (code,)
    if rc not in codes:
        failures.append(f"{what}: exit {rc}, not {code}: {err[:300]}")
    for word in words:
        if word not in err:
            failures.append(f"{what}: the message does not say {word!r}: {err[:300]}")
    for word in nowhere:
        if word in err:
            failures.append(f"{what}: the message says {word!r}: {err[:300]}")


def unknown_names():
    expect("unknown command", run("qurey", "select 1"), 2, "qurey", "query")
    expect("unknown flag", run("query", "--outptu", "json", "select 1"), 2, "--outptu", "--output")
    expect("unknown output", run("-o", "jsn", "query", "select 1"), 2, "jsn", "json")
    expect("unknown table", run("query", "select * from host_proces"), 2, "host_proces",
           "host_process", "^")
    expect("unknown column", run("query", "select nmae from host_process"), 2, "nmae", "name", "^")
    expect("unknown subcommand", run("table", "lst"), 2, "lst", "list")
    expect("table to describe", run("table", "describe", "host_prcess"), (2, 4), "host_process")
    expect("session that is not", run("session", "show", "999999"), 4, "999999")


def bad_sql():
    expect("bad SQL", run("query", "select from host_process where"), 2, "^")
    expect("no SQL", run("query", ""), 2)
    expect("only a comment", run("query", "-- nothing"), 2)
    expect("unterminated", run("query", "select 'abc"), 2)
    expect("not a read", run("query", "attach database '/tmp/x' as x"), (2, 3))
    expect("not a read", run("query", "delete from host_process"), (2, 3))
    expect("file", run("query", "select writefile('/tmp/x', 'y')"), 2)
    expect("pragma", run("query", "pragma writable_schema=1"), (2, 3))
    rc, _, err = run("query", "-o", "json", "select * from host_proces")
    try:
        error = json.loads(err)["error"]
        if error["message"] == "" or "code" not in error:
            failures.append(f"-o json error lacks its parts: {err[:300]}")
    except (ValueError, KeyError):
        failures.append(f"-o json: the error is no JSON object: {err[:300]}")


def junk():
    expect("100,000 characters of SQL", run("query", "select " + "1+" * 50000 + "1"), (0, 1, 2))
    expect("100,000 characters of question", run("ask", "how many " + "very " * 20000), (1, 2))
    expect("100,000 characters of command", run("x" * 100000), 2)
    expect("invalid UTF-8 question", run(b"ask", b"how many \xff\xfe\xc0\xaf processes?"), (0, 1, 2))
    expect("invalid UTF-8 SQL", run(b"query", b"select '\xff\xfe\xc3' as x"), (0, 1, 2))
    expect("invalid UTF-8 command", run(b"\xff\xfe"), 2)
    expect("control characters", run("ask", "\x1b[2J\x07"), (1, 2), nowhere=("\x1b[2J",))
    expect("binary on stdin", run("query", "-", stdin=os.urandom(65536)), (1, 2))
    expect("nothing on stdin", run("query", "-", stdin=b""), 2)
    expect("NUL in SQL", run("query", "-", stdin=b"select 1;\0 drop"), (0, 1, 2))
    expect("deep JSON", run("query", "select json('" + "[" * 50000 + "')"), (1, 2))
    expect("deep parentheses", run("query", "select " + "(" * 20000 + "1" + ")" * 20000), (1, 2))
    expect("many columns", run("query", "select " + ",".join("1" for _ in range(3000))), (0, 1, 2))
    expect("empty arguments", run("", ""), 2)
    expect("empty question", run("ask", ""), 2)
    expect("a file that is not", run("--config", "/nonexistent/x.yaml", "query", "select 1"), (1, 2),
           "/nonexistent/x.yaml")
    bad = room + "/bad.yaml"
    with open(bad, "wb") as f:
        f.write(b"a: [" * 20000)
    expect("deep configuration", run("--config", bad, "query", "select 1"), (1, 2))
    expect("bad duration", run("--timeout", "3 parsecs", "query", "select 1"), 2)


def outputs():
    with open("/dev/full", "wb") as full:
        for form in ("table", "json", "ndjson", "yaml", "csv", "markdown"):
            got = run("query", "-o", form, "select pid, name from host_process", stdout=full)
            expect(f"full disk, -o {form}", got, 1, "No space left")
        expect("full disk, --help", run("--help", stdout=full), 1)
        expect("full disk, --version", run("--version", stdout=full), 1)
    closed = subprocess.run(["sh", "-c", '"$0" query "select 1 as one" >&-', ALLORA], env=surroundings(),
                            stderr=subprocess.PIPE, timeout=20 * SLOW)
    if closed.returncode not in (0, 1):
        failures.append(f"closed stdout: exit {closed.returncode}: {closed.stderr[:300]}")
    # A reader that has enough is no error worth a word.
    p = subprocess.Popen([ALLORA, "query", "with recursive c(x) as (values(1) union all select x+1 from "
                          "c where x < 300000) select x, hex(randomblob(30)) from c"], env=surroundings(),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdout.readline()
    p.stdout.close()
    err = p.stderr.read().decode(errors="replace")
    try:
        p.wait(20 * SLOW)
    except subprocess.TimeoutExpired:
        p.kill()
        failures.append("early end of the reader: hangs")
    if "anitizer" in err or p.returncode not in (0, 1, 141, -signal.SIGPIPE):
        failures.append(f"early end of the reader: exit {p.returncode}: {err[:300]}")


def homeless():
    """Without HOME allora falls back to the home of /etc/passwd. That one is a person's own, so the test
    runs as a user without an entry where it can, and otherwise names other folders for what would be written."""
    if os.getuid() == 0:
        who = {"user": 54321, "group": 54321, "extra_groups": []}  # no such user, so no home at all
        try:
            if subprocess.run([ALLORA, "version"], stdout=subprocess.DEVNULL, **who).returncode == 0:
                return surroundings(HOME=None), who
        except OSError:
            pass
    return surroundings(HOME=None, XDG_STATE_HOME=room + "/s", XDG_CACHE_HOME=room + "/c"), {}


def homes():
    question = ("ask", "how many processes are there?")
    sql = ("query", "select count(*) as n from host_process")
    readonly = room + "/readonly"
    os.makedirs(readonly)
    places = {"no HOME": homeless(), "HOME that is not": (surroundings(HOME=room + "/not/there"), {}),
              "HOME that is a file": (surroundings(HOME=ALLORA), {}),
              "HOME in /proc": (surroundings(HOME="/proc"), {}),
              "relative XDG": (surroundings(XDG_STATE_HOME="x", XDG_CACHE_HOME="x"), {})}
    for what, (env, who) in places.items():
        for args in (question, sql, ("--help",), ("table", "list")):
            expect(f"{what}: {args[0]}", run(*args, env=env, **who), 0)
    # Broken files where state and caches are kept: an error or a fresh start, but said.
    home = room + "/broken"
    env = surroundings(HOME=home)
    run(*question, env=env)
    for folder, _, files in os.walk(home):
        for name in files:
            with open(os.path.join(folder, name), "r+b") as f:
                f.write(os.urandom(512))
    expect("broken cache: query", run(*sql, env=env), 0)
    expect("broken state: ask", run(*question, env=env), (0, 1, 8))


def at_once():
    env = surroundings(HOME=room + "/together")
    os.makedirs(room + "/together")
    many = [subprocess.Popen([ALLORA, "ask", "how many processes are there?"], env=env,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(6)]
    for p in many:
        _, err = p.communicate(timeout=60 * SLOW)
        if p.returncode != 0:
            failures.append(f"six at once: exit {p.returncode}: {err[:300]}")
    rc, out, err = run("session", "list", "-o", "json", env=env)
    if rc != 0 or len(json.loads(out)) != len(many):
        failures.append(f"six at once left {out[:200]} {err[:200]}")
    # Killed in the middle, again and again: what is left is whole.
    for delay in (0.005, 0.02, 0.05, 0.1, 0.2):
        p = subprocess.Popen([ALLORA, "ask", "how many processes are there?"], env=env,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        p.kill()
        p.wait()
    rc, out, err = run("session", "list", "-o", "json", env=env)
    if rc != 0 or len(json.loads(out)) < len(many):
        failures.append(f"after kills: exit {rc} {err[:300]}")
    expect("after kills", run("ask", "how many processes are there?", env=env), 0)


def interrupt():
    p = subprocess.Popen([ALLORA, "query", "with recursive c(x) as (values(1) union all select x+1 from c) "
                          "select count(*) from c"], env=surroundings(), stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.5 * SLOW)
    start = time.monotonic()
    p.send_signal(signal.SIGINT)
    try:
        p.communicate(timeout=10 * SLOW)
    except subprocess.TimeoutExpired:
        p.kill()
        failures.append("Ctrl-C: does not stop")
        return
    if p.returncode != 130:
        failures.append(f"Ctrl-C: exit {p.returncode}, not 130")
    if time.monotonic() - start > 2 * SLOW:
        failures.append(f"Ctrl-C: took {time.monotonic() - start:.1f} s")
    expect("--timeout", run("--timeout", "300ms", "query", "with recursive c(x) as (values(1) union all "
                            "select x+1 from c) select count(*) from c"), 124)


os.makedirs(room + "/home")
try:
    for part in (unknown_names, bad_sql, junk, outputs, homes, at_once, interrupt):
        part()
finally:
    shutil.rmtree(room, ignore_errors=True)
for failure in failures:
    print("FAILED:", failure)
sys.exit(1 if failures else 0)
