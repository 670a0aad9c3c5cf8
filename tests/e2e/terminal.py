"""At a terminal and at its ends: colour, fitting, records, progress, the pager, interruption, closed and full outputs."""
import os
import re
import signal
import subprocess
import time

from common_cli import ALLORA, SLOW, Terminal, check, done, equal, failures, plain, room, run, surroundings

SLOW_SQL = "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"
WIDE = "select printf('%.60c', 'a') as first, 7 as n, printf('%.90c', 'b') as second"


def at_terminal(*args, columns=80, rows=24, env=None):
    t = Terminal(ALLORA, *args, columns=columns, rows=rows, env=env)
    return t.finish()


# Colour only where it is wanted.
code, text = at_terminal("query", "select 1 as n")
check("headings are bold", "\x1b[1mn\x1b[0m" in text, text)
for env in (surroundings(NO_COLOR="1"), surroundings(TERM="dumb")):
    code, text = at_terminal("query", "select 1 as n", env=env)
    check("no colour", "\x1b[" not in text.replace("\x1b[K", ""), text)
code, text = at_terminal("--no-color", "query", "select 1 as n")
check("--no-color", "\x1b[" not in text.replace("\x1b[K", ""), text)
rc, out, err = run("query", "select 1 as n")
check("no colour when piped", "\x1b" not in out + err, out + err)

# A row fits the terminal: the widest text columns are cut; piped it is whole.
code, text = at_terminal("query", WIDE)
for line in plain(text).splitlines():
    check("a row fits", len(line) <= 80, line)
check("what is cut says so", "aa…" in text and "bb…" in text, text)
rc, out, err = run("query", WIDE)
check("piped it is whole", "b" * 90 in out, out)
# Too many columns for any row: records.
many = "select " + ", ".join(f"{i} as column_{i}" for i in range(30))
code, text = at_terminal("query", "--no-pager", many, rows=100)
check("records", "── 1 ──" in text and re.search(r"column_29\s+29", plain(text)), text)

# Long output goes through the pager, without a shell; --no-pager, -o json to a file and short output don't.
pager = room + "/pager"
with open(pager, "w") as f:
    f.write(f"#!/bin/sh\nfor a; do echo \"arg=$a\"; done >{room}/pager.args\ncat >{room}/paged\necho PAGED\n")
os.chmod(pager, 0o755)
env = surroundings(PAGER=f"{pager} -x 'two words' $HOME;id")
hundred = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 100) select x from c"
code, text = at_terminal("query", hundred, env=env)
equal("the pager's end is the command's", code, 0)
check("the pager ran", "PAGED" in text, text)
equal("it got all", len(open(room + "/paged").read().splitlines()), 101)
equal("its words", open(room + "/pager.args").read(), "arg=-x\narg=two words\narg=$HOME;id\n")
os.remove(room + "/paged")
for args in (["query", "--no-pager", hundred], ["query", "select 1"]):
    at_terminal(*args, env=env)
    check(f"no pager: {args}", not os.path.exists(room + "/paged"))
run("query", hundred, env=env)
check("no pager when piped", not os.path.exists(room + "/paged"))
code, text = at_terminal("query", hundred, env=surroundings(PAGER="/nonexistent/pager"))
check("a pager that isn't there", code == 0 and "100" in text, text)
code, text = at_terminal("query", hundred, env=surroundings(PAGER="head -n 3"))
check("a pager that leaves early", code == 0, (code, text))

# Progress after half a second, gone before the result.
t = Terminal(ALLORA, "--timeout", "2s", "query", SLOW_SQL)
t.expect(r"working … 0 s|… 0 s|… 1 s")
code, text = t.finish()
equal("--timeout", code, 124)
check("the line is wiped", "\x1b[K" in text and "error:" in text, text)
rc, out, err = run("--timeout", "300ms", "query", SLOW_SQL)
equal("--timeout piped", rc, 124)
check("no progress when piped", "\r" not in err and "error:" in err, err)
rc, out, err = run("--timeout", "300ms", "-o", "json", "query", SLOW_SQL)
check("timeout as JSON", rc == 124 and '"timeout"' in err and out == "", (rc, out, err))

# Ctrl-C: a clean stop with 130; the spinner's line is gone.
t = Terminal(ALLORA, "query", SLOW_SQL)
time.sleep(1)
t.send("\x03")
code, text = t.finish()
equal("Ctrl-C", code, 130)
p = subprocess.Popen([ALLORA, "query", SLOW_SQL], env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
time.sleep(0.7)
p.send_signal(signal.SIGTERM)
_, err = p.communicate(timeout=30)
equal("SIGTERM", p.returncode, 130)

# A face that makes the terminal raw and won't listen: the first Ctrl-C does not help, the second ends it; a crash ends it too. Each
# time the terminal is as it was.
deaf = os.environ["BUILD_DIR"] + "/tests/plugins/deaf.so"
if os.path.exists(deaf):
    for how, keys, code in (("ignore", 2, "130"), ("crash", 0, "139" if SLOW == 1 else r"\d+")):
        t = Terminal("/bin/sh", "-c", f"trap : INT; stty -a > {room}/before; {ALLORA} --plugin-path {deaf} deaf {how} 2>/dev/null; "
                     f"echo code=$?.; stty -a > {room}/after; echo end")
        t.expect(r"raw")
        for _ in range(keys):
            time.sleep(0.5)
            t.send("\x03")
        t.expect(rf"code={code}\.")
        t.expect(r"end")
        t.finish()
        if SLOW == 1 or how == "ignore":  # a sanitizer has handlers of its own
            equal(f"the terminal after {how}", open(room + "/after").read(), open(room + "/before").read())
    rc, out, err = run("--plugin-path", deaf, "greedy")
    check("a flag that collides", rc == 7 and "-o" in err and "--output" in err, (rc, err))
    rc, out, err = run("--plugin-path", deaf, "version")
    equal("hurts nobody else", rc, 0)

# The reader leaves; the disk is full; an output is closed.
big = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 200000) select x, x * x from c"
for form in ("table", "json", "ndjson", "csv", "yaml", "markdown"):
    p = subprocess.run(["bash", "-c", f'"$0" query -o {form} "$1" | head -n 2; echo "${{PIPESTATUS[0]}}"', ALLORA, big],
                       env=surroundings(), capture_output=True, text=True, timeout=60)
    check(f"a reader that leaves: {form}", p.stdout.endswith("\n0\n") and p.stderr == "", (p.stdout[-200:], p.stderr))
for args in (["query", big], ["query", "select 1"], ["--version"], ["help"], ["completion", "bash"]):
    with open("/dev/full", "w") as full:
        rc, _, err = run(*args, stdout=full)
    check(f"full disk: {args[0]}", rc == 1 and "No space left" in err, (rc, err))
for args in (["query", "select 1"], ["--version"], ["nonsense"], ["query"]):
    for fds in ((0,), (1,), (2,), (0, 1, 2)):
        closing = " ".join(f"{fd}{'<' if fd == 0 else '>'}&-" for fd in fds)
        p = subprocess.run(["bash", "-c", f'"$0" "$@" {closing}', ALLORA, *args], env=surroundings(),
                           capture_output=True, text=True, timeout=60)
        expected = 2 if args == ["nonsense"] or args == ["query"] else 1 if 1 in fds else 0
        if args == ["query"] and 0 not in fds:
            continue
        check(f"closed {fds}: {args}", p.returncode == expected, (p.returncode, p.stdout, p.stderr))

# A thing that is printed may not act on the terminal.
evil = "select char(27) || ']0;owned' || char(7) || char(27) || '[2J' as x, char(0x202e) || 'txt.exe' as y"
code, text = at_terminal("--no-color", "query", evil)
check("no escape gets through", "\x1b]" not in text and "\x1b[2J" not in text and "\u202e" not in text, text)
rc, out, err = run("nonsense\x1b[2J")
check("nor in an error", "\x1b" not in err, err)
done()
