"""ask, why and session through the real program, with an agent that understands nothing but SQL."""
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

ALLORA = os.environ["ALLORA"]
PARROT = os.environ["BUILD_DIR"] + "/tests/plugins/parrot.so"
if not os.path.exists(PARROT):
    sys.exit(77)
room = tempfile.mkdtemp()
env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ALLORA_"))}
env.update(HOME=room, LC_ALL="C.UTF-8", TERM="dumb", ALLORA_PLUGIN_PATH=PARROT)
failures = []


def check(what, good, seen=""):
    if not good:
        failures.append(f"{what}: {str(seen)[:600]}")


def run(*args, **more):
    settings = dict(env, **more.pop("env", {}))
    p = subprocess.run([ALLORA, *args], capture_output=True, text=True, timeout=60, env=settings,
                       stdin=more.pop("stdin", subprocess.DEVNULL), **more)
    if p.returncode < 0 or "Sanitizer" in p.stderr or "runtime error" in p.stderr:
        failures.append(f"{args}: {p.returncode} {p.stderr[-1500:]}")
    return p


def ask(question, *args, **more):
    return run("ask", "--agent", "parrot", *args, question, **more)


def document(p):
    try:
        return json.loads(p.stdout)
    except ValueError:
        failures.append(f"no JSON: {p.args[1:]} exit {p.returncode}: {p.stdout[:300]} {p.stderr[:300]}")
        return {}


# the document of -o json is the one scripts rely on
p = ask("select 7 as n, 'x' as word", "-o", "json")
d = document(p)
check("exit code", p.returncode == 0, p.stderr)
check("members", sorted(d) == sorted(["answer", "agent", "model", "session", "receipts", "plans", "usage",
                                      "warnings", "show", "reason"]), list(d))
check("answer", d.get("answer") == "There are 1 rows [1].", d.get("answer"))
check("session", d.get("session") == "1", d.get("session"))
receipt = (d.get("receipts") or [{}])[0]
for key in ("n", "operation", "arguments", "sql", "rows", "row_count", "as_of", "age_s", "partial"):
    check(f"receipt has {key}", key in receipt, list(receipt))
check("rows are objects", receipt.get("rows") == [{"n": 7, "word": "x"}], receipt.get("rows"))

# one event a line
p = ask("select 1 n", "--new", "-o", "ndjson")
events = [json.loads(line) for line in p.stdout.splitlines()]
check("events", [e.get("type") for e in events] == ["tool_call", "tool_result", "text", "done"], p.stdout)
check("done", events and events[-1].get("session") == "2", p.stdout)

# for people
p = ask("select 42 as answer", "--session", "1")
check("text", "There are 1 rows [2]." in p.stdout, p.stdout)
check("table", "answer" in p.stdout and "42" in p.stdout, p.stdout)
check("receipt", "select 42 as answer" in p.stdout + p.stderr, p.stdout + p.stderr)

# why
p = run("why", "1", "--session", "1")
check("why", p.returncode == 0 and "query.sql" in p.stdout and "7" in p.stdout, p.stdout + p.stderr)
d = document(run("why", "2", "-s", "1", "-o", "json"))
check("why -o json", d.get("receipts", [{}])[0].get("sql") == "select 42 as answer", d)
p = run("why", "9", "-s", "1")
check("why of none", p.returncode == 4 and "1 to 2" in p.stderr, p.stderr)

# sessions
rows = document(run("session", "list", "-o", "json"))
check("session list", [r.get("id") for r in rows] == ["1", "2"], rows)
check("questions", [r.get("questions") for r in rows] == [2, 1], rows)
p = run("session", "show", "1")
check("session show", "select 42 as answer" in p.stdout and "There are 1 rows [2]." in p.stdout, p.stdout)
d = document(run("session", "show", "1", "-o", "json"))
check("session show -o json", len(d.get("receipts", [])) == 2 and d.get("agent") == "parrot", d)
p = run("session", "delete", "2")
check("session delete", p.returncode == 0 and "deleted" in p.stdout, p.stdout + p.stderr)
p = run("session", "show", "2")
check("deleted is gone", p.returncode == 4 and "no session 2" in p.stderr, p.stderr)
p = run("session", "show", "abc")
check("nonsense", p.returncode == 2, p.stderr)

# what can go wrong
p = ask("make me a sandwich", "--new")
check("declined", p.returncode == 2 and "nothing but SQL" in p.stdout, (p.returncode, p.stdout, p.stderr))
d = document(run("why", "1", "-o", "json"))
check("why looks where there is a receipt", d.get("session") == "1", d)
p = ask("select * from no_such_table", "--new")
check("bad SQL is told to the agent", "It failed: " in p.stdout and "no_such_table" in p.stdout, p.stdout)
p = ask("again", "--new", "--max-turns", "3")
check("endless", p.returncode == 3 and "after 3 turns" in p.stderr, (p.returncode, p.stderr))
p = ask("cut", "--new")
check("cut", p.returncode == 1 and "in the middle of its answer" in p.stderr, (p.returncode, p.stderr))
p = ask("tool session.delete", "--new")
check("no tool", "there is no tool session.delete" in p.stdout, p.stdout)
p = run("ask", "--agent", "parot", "select 1")
check("near agent", p.returncode == 4 and "did you mean parrot?" in p.stderr, p.stderr)
p = ask("select 1", "--session", "999")
check("no session", p.returncode == 4 and "no session 999" in p.stderr, p.stderr)
p = subprocess.run([ALLORA, "ask", "-a", "parrot", "--new", "-"], input="select 3 n\n", text=True,
                   capture_output=True, env=env, timeout=60)
check("standard input", "There are 1 rows" in p.stdout, p.stdout + p.stderr)

# Ctrl-C: 130, and the session is there
p = subprocess.Popen([ALLORA, "ask", "-a", "parrot", "--new", "slow"], env=env, text=True,
                     stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
time.sleep(1.5)
p.send_signal(signal.SIGINT)
out, err = p.communicate(timeout=30)
check("Ctrl-C", p.returncode == 130, (p.returncode, out, err))
rows = document(run("session", "list", "-n", "1", "-o", "json"))
check("kept", rows and rows[0].get("title") == "slow", rows)
p = ask("slow", "--new", "--timeout", "300ms")
check("--timeout", p.returncode == 124, (p.returncode, p.stderr))

# private, and safe with several at once
state = room + "/.local/state/allora"
check("folder is private", stat.S_IMODE(os.stat(state).st_mode) == 0o700)
check("file is private", stat.S_IMODE(os.stat(state + "/state.db").st_mode) == 0o600)
many = [subprocess.Popen([ALLORA, "ask", "-a", "parrot", "-s", "1", f"select {i} n"], env=env, text=True,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for i in range(6)]
for p in many:
    out, err = p.communicate(timeout=60)
    check("at once", p.returncode == 0 and "There are 1 rows" in out, (p.returncode, out, err))
d = document(run("session", "show", "1", "-o", "json"))
check("nothing is lost", sorted(r["n"] for r in d.get("receipts", [])) == list(range(1, 9)),
      [r["n"] for r in d.get("receipts", [])])

# nowhere to keep anything
for name, settings in (("no HOME to write to", {"HOME": "/proc/nowhere"}),
                       ("a file in the way", {"XDG_STATE_HOME": __file__})):
    p = ask("select 1 n", env=settings)
    check(name, p.returncode == 0 and "There are 1 rows [1]." in p.stdout, (p.returncode, p.stdout, p.stderr))
    check(name + " is said", "not kept" in p.stderr, p.stderr)
open(state + "/state.db", "w").write("no database " * 500)
p = ask("select 1 n")
check("damaged store", p.returncode == 0 and "state.db" in p.stderr, (p.returncode, p.stderr))
p = run("session", "list")
check("damaged store says what to do", p.returncode == 1 and "move this file" in p.stderr, p.stderr)

shutil.rmtree(room)
if failures:
    print("\n".join(failures))
    sys.exit(1)
