"""What changes the world: shown, approved, applied once, looked up after a crash, undone.  The world
is that of the test plugin lamp: a file with a lamp a line, "NAME on|off VERSION COATS"."""
import json
import random
import signal
import subprocess
import threading

from common_cli import *

LAMP = os.environ["BUILD_DIR"] + "/tests/plugins/lamp.so"
world = room + "/world"
START = "hall off 1 0\nattic off 5 0\ncellar off 9 0\n"


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def read(path):
    if not os.path.exists(path):
        return ""
    with open(path) as f:
        return f.read()


def reset(lamps=START, mode=""):
    write(world, lamps)
    write(world + ".mode", mode)
    if os.path.exists(world + ".log"):
        os.unlink(world + ".log")


def mode(words=""):
    write(world + ".mode", words)


def home(**more):
    return surroundings(ALLORA_COMMANDS__LAMP__WORLD=world, **more)


def lamp(*args, env=None, **more):
    return run("--plugin-path", LAMP, *args, env=env or home(), **more)


def document(*args, env=None):
    code, out, err = lamp(*args, "-o", "json", env=env)
    try:
        return code, json.loads(out)
    except ValueError:
        check(f"{args}: JSON", False, out + err)
        return code, {}


def states(plan):
    return [s["status"] for s in plan.get("steps", [])]


def killed(*args):
    """The plugin kills the process in the middle: as if the machine had lost its power."""
    p = subprocess.run([ALLORA, "--plugin-path", LAMP, *args], env=home(), capture_output=True,
                       timeout=60 * SLOW)
    check(f"{args}: was killed", p.returncode == -signal.SIGKILL, p)


# ---- without a terminal, and by flags
reset()
code, out, err = lamp("lamp", "on", "hall", "attic")
equal("nobody to ask", code, 3)
check("the plan is shown", "light 2 lamps · reversible (undo: set)" in out, out)
code, plan = document("lamp", "on", "hall", "attic")
equal("nobody to ask, as JSON", code, 3)
equal("it waits", plan["state"], "waiting")
equal("hash", len(plan["hash"]), 64)
check("the same plan, once", plan["hash"] in out, out)
check("the command that approves it", f"allora plan apply {plan['id']} --approve" in err, err)
equal("nothing changed", read(world), START)
code, shown = document("lamp", "on", "hall", "attic", "--dry-run")
equal("dry run", (code, shown["hash"], shown["state"]), (0, plan["hash"], "dry run"))
code, out, err = lamp("lamp", "on", "hall", "attic", "--approve", plan["hash"][:11])
equal("too short a hash", code, 2)
code, out, err = lamp("lamp", "on", "hall", "--approve", plan["hash"])
equal("another plan's hash", code, 3)
equal("still nothing changed", read(world), START)
code, out, err = lamp("lamp", "on", "hall", "attic", "--approve", plan["hash"][:12].upper())
equal("by hash", code, 0)
check("each step", "✓ hall on" in out and "✓ attic on" in out and "2 of 2 done. Journal entries " in out, out)
equal("changed", read(world), "hall on 2 0\nattic on 6 0\ncellar off 9 0\n")
code, out, err = lamp("lamp", "smash", "hall", "--yes")
equal("--yes never destroys", code, 3)
code, out, err = lamp("lamp", "on", "cellar", "--yes")
equal("--yes", code, 0)
code, out, err = lamp("undo", plan["id"], "--yes")
equal("undo", (code, read(world)), (0, "hall off 3 0\nattic off 7 0\ncellar on 10 0\n"))
code, out, err = lamp("undo", plan["id"], "--yes")
check("undone once", code == 1 and "was undone already" in err, err)
code, out, err = lamp("plan", "apply", plan["id"], "--approve", plan["hash"])
check("applied once", code == 3 and "was applied already" in err, err)

# ---- a person at a terminal
reset()


def person(answers, *args):
    """(exit code, all that was seen) of a command whose questions are answered with these lines."""
    t = Terminal(ALLORA, "--plugin-path", LAMP, *args, env=home())
    seen = ""
    for answer in answers:
        seen += t.expect("details: ")
        t.line(answer)
    code, rest = t.finish()
    return code, plain(seen + rest)


code, text = person(["what?", "s", "n"], "lamp", "on", "hall")
check("asked again", "Please answer y, n or s." in text, text)
check("details", "step 1: lamp.set (write)" in text and '"state":"off"' in text, text)
check("no", code == 3 and "was rejected; nothing was changed" in text, text)
equal("no changes nothing", read(world), START)
code, text = person(["y"], "lamp", "on", "hall", "attic")
check("the table", re.search(r"provider +id +now +then\s+lamp +hall +off +on\s+lamp +attic +off +on", text), text)
check("yes", code == 0 and "✓ attic on" in text and "Undo: allora undo " in text, text)
code, text = person(["y"], "--yes", "lamp", "smash", "hall")
check("--yes still asks about what is destroyed", code == 0 and "destructive · can't be undone" in text, text)
t = Terminal(ALLORA, "--plugin-path", LAMP, "lamp", "on", "cellar", env=home())
t.expect("details: ")
t.send("\x03")
code, text = t.finish()
equal("Ctrl-C at the question", code, 130)
check("changes nothing", "cellar off" in read(world), read(world))

# ---- Ctrl-C while it is applied
reset(mode="slow")
t = Terminal(ALLORA, "--plugin-path", LAMP, "lamp", "on", "hall", "attic", "--yes", env=home())
for _ in range(100 * SLOW):
    code, plans = document("plan", "list", "--state", "applying")
    if plans and document("plan", "show", plans[0]["id"])[1]["steps"][0]["status"] == "running":
        break
    time.sleep(0.1)
t.send("\x03")
code, text = t.finish()
text = plain(text)
equal("interrupted", code, 130)
check("says what was not done", "? hall" in text and "0 of 2 done" in text and "1 not begun" in text, text)
equal("nothing more was begun", read(world), START)
mode()
code, plan = document("plan", "show")
equal("looked up", states(plan), ["waiting", "waiting"])
equal("goes on", lamp("plan", "apply", "last")[0], 0)
equal("to the end", read(world), "hall on 2 0\nattic on 6 0\ncellar off 9 0\n")

# ---- drift
reset()
code, plan = document("lamp", "on", "hall", "attic")
write(world, START.replace("hall off 1", "hall off 2"))
code, out, err = lamp("plan", "apply", plan["id"], "--approve", plan["hash"])
equal("some moved", code, 5)
check("not touched", "✗ hall changed since the plan was made" in out and "not touched" in out and "1 of 2 done" in out, out)
equal("the other is done", read(world), "hall off 2 0\nattic on 6 0\ncellar off 9 0\n")
code, plan = document("lamp", "on", "hall", "cellar")
write(world, "hall off 3 0\ncellar off 10 0\n")
code, out, err = lamp("plan", "apply", plan["id"], "--approve", plan["hash"])
equal("all moved", (code, read(world)), (3, "hall off 3 0\ncellar off 10 0\n"))

# ---- expired; of another version of the plugin
reset()
code, plan = document("lamp", "on", "hall")
later = home(ALLORA_TEST_NOW="2099-01-01T00:00:00Z")
code, out, err = lamp("plan", "apply", plan["id"], "--approve", plan["hash"], env=later)
check("expired", code == 3 and "has expired" in err, err)
other = room + "/lamp.so"
with open(LAMP, "rb") as f:
    binary = f.read()
with open(other, "wb") as f:
    f.write(binary.replace(b'"version": "1.0.0"', b'"version": "1.0.1"'))
code, out, err = run("--plugin-path", other, "plan", "apply", plan["id"], "--approve", plan["hash"], env=home())
check("planned by another version", code == 3 and "was planned by lamp 1.0.0" in err, (code, out, err))
equal("and nothing changed", read(world), START)

# ---- killed in the middle of apply, at every point that matters
for words, want in (("kill-before log", 2), ("kill-after log", 2)):
    reset(mode=words)
    killed("lamp", "on", "hall", "attic", "--yes")
    mode("log")
    code, plan = document("plan", "show")
    after = words.startswith("kill-after")
    equal(f"{words}: looked up", states(plan), ["done" if after else "waiting", "waiting"])
    code, out, err = lamp("plan", "apply", "last")
    equal(f"{words}: goes on", (code, read(world)), (0, "hall on 2 0\nattic on 6 0\ncellar off 9 0\n"))
    keys = read(world + ".log").split()[1::2]
    equal(f"{words}: one key a step", len(set(keys)), 2)
reset(mode="kill-after")
killed("lamp", "smash", "hall", "--approve", document("lamp", "smash", "hall", "--dry-run")[1]["hash"])
mode()
code, plan = document("plan", "apply", "last")
equal("what is gone was done", (code, states(plan)), (0, ["done"]))
reset(mode="kill-after")
killed("lamp", "on", "hall", "--yes")
write(world, START.replace("hall off 1", "hall off 3"))  # somebody switched it off again
mode()
code, plan = document("plan", "apply", "last")
equal("what nobody can explain is left alone", (code, states(plan)), (3, ["stale"]))
for coat in (1, 2, 3):
    reset(mode=f"kill-coat-{coat} log")
    killed("operation", "call", "lamp.paint", "lamp=hall", "coats=4", "--yes")
    mode("log")
    code, plan = document("plan", "apply", "last")
    equal(f"goes on after coat {coat}", (code, states(plan), read(world)),
          (0, ["done"], START.replace("hall off 1 0", "hall off 2 4")))
    equal(f"one key, coat {coat}", len(set(read(world + ".log").split()[1::2])), 1)

# ---- killed from outside, anywhere
seen = {p["id"] for p in document("plan", "list", "--limit", "1000")[1]}
for turn in range(12):
    reset()
    p = subprocess.Popen([ALLORA, "--plugin-path", LAMP, "lamp", "on", "hall", "attic", "cellar", "--yes"],
                         env=home(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.uniform(0.005, 0.1 * SLOW))
    p.kill()
    p.wait()
    code, plans = document("plan", "list", "--limit", "1")
    id, state = plans[0]["id"], plans[0]["state"]
    if id in seen or state == "waiting":
        equal(f"turn {turn}: it did not get that far", read(world), START)
        continue
    seen.add(id)
    if state != "done":
        code, out, err = lamp("plan", "apply", id)
        check(f"turn {turn}: goes on", code == 0, (state, code, out, err))
    equal(f"turn {turn}: each once", read(world), "hall on 2 0\nattic on 6 0\ncellar on 10 0\n")

# ---- two at once
reset()
code, plan = document("lamp", "on", "hall", "attic", "cellar")
ends = []
threads = [threading.Thread(target=lambda: ends.append(lamp("plan", "apply", plan["id"], "--approve", plan["hash"])))
           for _ in range(4)]
for t in threads:
    t.start()
for t in threads:
    t.join()
ends.sort()
check("one wins", ends[0][0] == 0, ends)
check("the others are refused", all(code in (1, 3) for code, _, _ in ends[1:]), ends)
equal("each once", read(world), "hall on 2 0\nattic on 6 0\ncellar on 10 0\n")

# ---- budgets and policies
reset()
code, out, err = lamp("lamp", "on", "hall", "attic", "--yes", env=home(ALLORA_BUDGETS__CHANGED_RESOURCES_PER_PLAN="1"))
check("budget of a plan", code == 3 and "the budget is 1 a plan" in err, err)
tight = home(ALLORA_BUDGETS__CHANGED_RESOURCES_PER_DAY="2")
equal("budget of a day", lamp("lamp", "on", "hall", "attic", "--yes", env=tight)[0], 0)
code, out, err = lamp("lamp", "on", "cellar", "--yes", env=tight)
check("is used up", code == 3 and "0 of the day's budget of 2 are left" in err, err)
few = home(ALLORA_BUDGETS__CALLS_PER_MINUTE="2")
codes = [lamp("operation", "call", "lamp.list", env=few)[0] for _ in range(5)]
check("calls a minute", 3 in codes, codes)
reset()
policy = room + "/policy.yaml"
write(policy, "approvals:\n  policies:\n    - {operations: ['lamp.s*'], max_targets: 2}\n")
code, out, err = lamp("--config", policy, "lamp", "on", "hall", "attic")
equal("by policy", (code, read(world)), (0, "hall on 2 0\nattic on 6 0\ncellar off 9 0\n"))
equal("not more than it says", lamp("--config", policy, "operation", "call", "plan.run",
      "--args", json.dumps({"steps": [{"operation": "lamp.set", "arguments": {"lamp": n, "state": s}}
                                      for n, s in (("hall", "off"), ("attic", "off"), ("cellar", "on"))]}))[0], 3)
equal("not graver", lamp("--config", policy, "lamp", "smash", "hall")[0], 3)

# ---- where nothing can be recorded
reset()
nowhere = home(XDG_STATE_HOME="/proc/nowhere")
for args in (("lamp", "on", "hall", "--yes"), ("operation", "call", "lamp.note")):
    code, out, err = lamp(*args, env=nowhere)
    check(f"{args}: refused", code == 1 and "hint:" in err, (code, err))
equal("nothing changed", read(world), START)
equal("reads go on", lamp("operation", "call", "lamp.list", env=nowhere)[0], 0)

# ---- the commands
reset()
code, plan = document("lamp", "on", "hall")
equal("reject", lamp("plan", "reject", plan["id"])[0], 0)
code, out, err = lamp("plan", "apply", plan["id"], "--approve", plan["hash"])
check("rejected", code == 3 and "was rejected" in err, err)
code, plan = document("lamp", "on", "hall")
code, approved = document("plan", "approve", plan["id"], "--hash", plan["hash"][:12])
equal("approve", (code, approved["state"]), (0, "approved"))
equal("apply what is approved", lamp("plan", "apply", plan["id"].replace("-", ""))[0], 0)
code, out, err = lamp("plan", "show", "ffff-ffff")
check("no such plan", code == 4 and "allora plan list" in err, err)
code, out, err = lamp("operation", "call", "lamp.set", "lamp=attic", "state=onn")
check("the gate checks arguments", code == 2 and "did you mean on?" in err, err)
code, out, err = lamp("operation", "call", "lamp.lost", "--args", "{")
equal("bad JSON", code, 2)
code, out, err = lamp("operation", "call", "lamp.set", "lamp=attic", "state=on", "password=hunter2", "--yes")
equal("a secret argument", code, 0)
code, out, err = lamp("plan", "show", "-o", "json")
check("is shown nowhere", "hunter2" not in out and "[redacted]" in out, out)

done()
