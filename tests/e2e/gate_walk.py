"""Every operation of the catalogue that does more than read or keep allora's own state, from every
face there is: without a person's approval nothing changes.  Then, with one: what drifted is not
touched, undo restores, and the journal has every step."""
import json
import subprocess

from common_cli import *

PLUGINS = os.environ["BUILD_DIR"] + "/tests/plugins"
PATH = f"{PLUGINS}/lamp.so:{PLUGINS}/parrot.so"
world = room + "/world"
START = "hall off 1 0\nattic off 5 0\n"
with open(world, "w") as f:
    f.write(START)
with open(room + "/kept.log", "w") as f:
    f.write("a line\n")
victim = subprocess.Popen(["sleep", "600"])
env = surroundings(ALLORA_COMMANDS__LAMP__WORLD=world)
if not os.path.exists(f"{PLUGINS}/lamp.so"):
    sys.exit(77)


def allora(*args):
    return run("--plugin-path", PATH, *args, env=env)


def parsed(*args):
    code, out, err = allora(*args, "-o", "json")
    try:
        return code, json.loads(out)
    except ValueError:
        check(f"{args}: JSON", False, out + err)
        return code, None


def state():
    """All that could have been changed."""
    with open(world) as f:
        lamps = f.read()
    with open(room + "/kept.log") as f:
        log = f.read()
    with open(f"/proc/{victim.pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return lamps, log, fields[0] in "SR", fields[16]  # its state, its nice value


ARGUMENTS = {
    "host.process.signal": {"pid": victim.pid},
    "host.process.renice": {"pid": victim.pid, "nice": 7},
    "host.file.truncate_log": {"path": room + "/kept.log"},
    "plan.run": {"steps": [{"operation": "lamp.smash", "arguments": {"lamp": "hall"}}]},
}
code, catalogue = parsed("operation", "call", "operation.list")
graver = [o for o in catalogue if o["effect"] not in ("read", "local")]
names = {o["name"] for o in graver}
check("the walk goes somewhere", {"lamp.set", "lamp.smash", "lamp.code", "lamp.lock", "plan.run", "plan.approve"} <= names, names)
before = state()
waiting = parsed("operation", "call", "lamp.set", "lamp=hall", "state=on")[1]
for o in graver:
    name, effect = o["name"], o["effect"]
    examples = o["examples"] if isinstance(o["examples"], list) else json.loads(o["examples"])
    args = ARGUMENTS.get(name) or (examples[0]["arguments"] if examples else {})
    if name.startswith("plan.") and "plan" in args:
        args = {"plan": waiting["id"]}
    text = json.dumps(args)
    # the command line, with nobody there: a person who typed it may show secrets and change trust
    if effect in ("write", "destructive"):
        code, out, err = allora("operation", "call", name, "--args", text)
        check(f"{name} from the command line", code != 0, (code, out, err))
        check(f"{name} has no approval", code in (1, 2, 3, 4), (code, err))
    # a plugin's own code
    code, out, err = allora("operation", "call", "lamp.relay", "--args",
                            json.dumps({"operation": name, "arguments": args}))
    check(f"{name} from a plugin", code in (1, 2, 3, 4), (code, out, err))
    code, out, err = allora("operation", "call", "lamp.relay", "--yes", "--args",
                            json.dumps({"operation": name, "arguments": args}))
    check(f"{name} from a plugin, --yes", code in (1, 2, 3, 4), (code, out, err))
    if effect in ("secret", "admin") and "lamp" not in name:
        check(f"{name} is a person's", code == 3 or "may do" not in err, (code, err))
    # an agent
    code, out, err = allora("ask", "--agent", "parrot", f"tool {name}", "--yes")
    check(f"{name} from an agent", "there is no tool" in out + err, (code, out, err))
    equal(f"{name}: nothing changed", state(), before)
code, out, err = allora("query", "select lamp_set('hall', 'on')")
check("SQL changes nothing", code == 2, (code, err))
equal("still nothing changed", state(), before)

# ---- with an approval
code, plan = parsed("operation", "call", "plan.create", "--args", json.dumps({"steps": [
    {"operation": "lamp.set", "arguments": {"lamp": n, "state": "on"}} for n in ("hall", "attic")]}))
equal("made", (code, plan["state"]), (0, "waiting"))
with open(world, "w") as f:
    f.write(START.replace("hall off 1", "hall off 2"))
code, plan = parsed("plan", "apply", plan["id"], "--approve", plan["hash"])
equal("drift", (code, [s["status"] for s in plan["steps"]]), (5, ["stale", "done"]))
first, last = plan["journal"]
code, undone = parsed("undo", plan["id"], "--yes")
equal("undone", (code, undone["state"], undone["undo_of"]), (0, "done", plan["id"]))
equal("as it was", state()[0], START.replace("hall off 1", "hall off 2").replace("attic off 5", "attic off 7"))
if "host.process.signal" in names:
    code, stopped = parsed("operation", "call", "host.process.signal", f"pid={victim.pid}", "signal=STOP", "--yes")
    equal("stopped", (code, state()[2]), (0, False))
    code, undone = parsed("undo", stopped["id"], "--yes")
    for _ in range(50):
        if state()[2]:
            break
        time.sleep(0.1)
    equal("and goes on", (code, state()[2]), (0, True))

# ---- and the journal has it
if any(o["name"] == "audit.verify" for o in catalogue):
    code, out, err = allora("audit", "verify")
    equal("the journal is whole", code, 0)
    code, records = parsed("operation", "call", "audit.list", "limit=10000")
    mine = [r for r in records if r.get("plan") == plan["id"]]
    kinds = [r["kind"] for r in sorted(mine, key=lambda r: r["seq"])]
    equal("its way", kinds, ["plan", "approval", "intent", "outcome", "intent", "outcome"])
    check("the entries it names", {r["seq"] for r in mine if r["kind"] != "plan"} <= set(range(first, last + 1)), mine)
victim.kill()
victim.wait()
done()
