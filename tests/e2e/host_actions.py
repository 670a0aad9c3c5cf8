"""What the host provider can change, by the command line: signals and priorities on processes of this test's own,
services on a bus of its own, log files in a folder of its own. Every change needs an approval, what has moved since
the plan is left alone, and undo brings back what can be brought back."""
import json
import os
import subprocess
import sys
import time

from common_cli import SOURCE, SLOW, check, done, room, run, surroundings

sys.path.insert(0, SOURCE + "/tests/fakes")
logs = room + "/logs"
os.makedirs(logs)
os.makedirs(room + "/home/.config/allora", exist_ok=True)
with open(room + "/home/.config/allora/config.yaml", "w") as f:
    f.write(f'providers:\n  host:\n    truncate_logs: ["{os.path.realpath(logs)}/*.log"]\n')
os.chmod(room + "/home/.config/allora/config.yaml", 0o600)
env = surroundings()


def allora(*args, **more):
    return run(*args, env=env, **more)


def document(out):
    try:
        return json.loads(out)
    except ValueError:
        check("the document", False, out)
        return {}


def child():
    return subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def state(p):
    with open(f"/proc/{p.pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def becomes(p, wanted):
    for _ in range(100):
        if state(p) == wanted:
            return True
        time.sleep(0.05)
    return False


def planned(*args):
    """Runs what needs an approval without one: the plan's id and hash."""
    code, out, err = allora(*args, "-o", "json")
    check(f"{args} waits for an approval", code == 3, (code, out, err))
    plan = document(out)
    check(f"{args} names its plan", plan.get("id") and len(plan.get("hash", "")) == 64, out)
    return plan.get("id", ""), plan.get("hash", "")


def processes():
    a, b = child(), child()
    try:
        plan, digest = planned("resource", "stop", "process", str(a.pid), str(b.pid))
        check("without approval nothing ends", a.poll() is None and b.poll() is None)
        code, out, err = allora("plan", "show", plan, "-o", "json")
        check("plan show has two steps", code == 0 and len(document(out).get("steps", [])) == 2, out)
        code, _, err = allora("resource", "stop", "process", str(a.pid), "--yes")
        check("--yes does not end processes", code == 3 and a.poll() is None, (code, err))
        b.kill()
        b.wait()
        code, out, err = allora("plan", "apply", plan, "--approve", digest)
        check("one of two is there, one has moved", code == 5, (code, out, err))
        check("the one that is there has ended", a.wait(20 * SLOW) == -15)
        code, out, err = allora("plan", "apply", plan, "--approve", digest)
        check("a plan is applied once", code not in (0, 5), (code, out, err))
    finally:
        for p in (a, b):
            p.kill()
            p.wait()


def pause_and_undo():
    p = child()
    try:
        code, out, err = allora("resource", "act", "pause", "process", str(p.pid), "--dry-run")
        check("a dry run pauses nothing", code == 0 and state(p) == "S", (code, out, err))
        code, out, err = allora("resource", "act", "pause", "process", str(p.pid), "--yes")
        check("--yes pauses", code == 0 and becomes(p, "T"), (code, out, err))
        code, out, err = allora("undo", "last", "--yes")
        check("undo resumes", code == 0 and becomes(p, "S"), (code, out, err))
        before = os.getpriority(os.PRIO_PROCESS, p.pid)
        wanted = min(before + 3, 19)
        code, out, err = allora("resource", "act", "renice", "process", str(p.pid), "-s", f"nice={wanted}", "--yes")
        check("renice", code == 0 and os.getpriority(os.PRIO_PROCESS, p.pid) == wanted, (code, out, err))
        if os.getuid() == 0:  # others may only become less important
            code, out, err = allora("undo", "last", "--yes")
            check("undo renice", code == 0 and os.getpriority(os.PRIO_PROCESS, p.pid) == before, (code, out, err))
        code, out, err = allora("resource", "act", "renice", "process", str(p.pid), "-s", "nice=90", "--yes")
        check("an impossible nice is bad input", code == 2, (code, out, err))
        code, out, err = allora("resource", "start", "process", str(p.pid))
        check("what is not declared can't be done", code == 2 and "pause" in err, (code, out, err))
    finally:
        p.kill()
        p.wait()
    code, out, err = allora("resource", "stop", "process", str(p.pid))
    check("no such process", code == 4, (code, out, err))


def call(operation, *words):
    return ("operation", "call", operation, *words)


def files():
    path = os.path.realpath(logs) + "/app.log"
    with open(path, "w") as f:
        f.write("x" * 5000)
    plan, digest = planned(*call("host.file.truncate_log", f"path={path}"))
    check("planning empties nothing", os.path.getsize(path) == 5000)
    code, out, err = allora("plan", "apply", plan, "--approve", digest)
    check("the log is empty", code == 0 and os.path.getsize(path) == 0, (code, out, err))
    with open(path, "w") as f:
        f.write("x" * 10)
    plan, digest = planned(*call("host.file.truncate_log", f"path={path}"))
    os.rename(path, path + ".1")
    with open(path, "w") as f:
        f.write("new")
    code, out, err = allora("plan", "apply", plan, "--approve", digest)
    check("a rotated log is left alone", code == 3 and os.path.getsize(path) == 3, (code, out, err))
    code, out, err = allora(*call("host.file.truncate_log", "path=/etc/passwd"))
    check("other files are refused", code == 3 and "truncate_logs" in err, (code, out, err))


def services():
    try:
        subprocess.run([sys.executable, "-c", "import dbus_next"], check=True, stderr=subprocess.DEVNULL)
        subprocess.run(["dbus-daemon", "--version"], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        print("no dbus-daemon or python3-dbus-next: services are left out")
        return
    from systemd_bus import SystemdBus
    with SystemdBus() as bus:
        env["DBUS_SYSTEM_BUS_ADDRESS"] = bus.address
        code, out, err = allora("query", "-o", "json", "select name, state, main_pid, memory, user, enabled"
                                                       " from host_service where name in ('nginx', 'masked')")
        rows = {r["name"]: r for r in (document(out) if code == 0 else [])}
        check("services by the bus", rows.get("nginx") == {"name": "nginx", "state": "active", "main_pid": 4000,
                                                           "memory": 12 << 20, "user": "www-data", "enabled": True}
              and rows.get("masked", {}).get("enabled") is False, (out, err))
        plan, digest = planned("resource", "stop", "service", "nginx")
        check("planning stops nothing", bus.calls() == [], bus.calls())
        bus.tell("drift nginx.service")
        code, out, err = allora("plan", "apply", plan, "--approve", digest)
        check("a service that has changed is left alone", code == 3 and bus.calls() == [], (code, out, err))
        code, out, err = allora("resource", "stop", "service", "nginx", "--yes")
        check("stop", code == 0 and bus.calls() == ["StopUnit nginx.service"], (code, out, err))
        code, out, err = allora("undo", "last", "--yes")
        check("undo starts it", code == 0 and bus.calls()[1:] == ["StartUnit nginx.service"], (code, out, err))
        code, out, err = allora("resource", "start", "service", "nginx", "--yes")
        check("already so", code == 0 and len(bus.calls()) == 2, (code, out, err))
        code, out, err = allora("resource", "start", "service", "slow", "--yes")
        check("what takes a while is waited for", code == 0, (code, out, err))
        code, out, err = allora("resource", "restart", "service", "nginx", "sick", "--yes")
        check("one of two fails", code == 5 and "sick.service has failed" in out + err, (code, out, err))
        code, out, err = allora("resource", "stop", "service", "denied", "--yes")
        check("what systemd forbids", code == 3 and "root" in out + err, (code, out, err))
        code, out, err = allora("resource", "start", "service", "masked", "--yes")
        check("masked", code not in (0, 5) and "masked" in err, (code, out, err))
        code, out, err = allora("resource", "start", "service", "nothing", "--yes")
        check("no such service", code == 4, (code, out, err))
        del env["DBUS_SYSTEM_BUS_ADDRESS"]


processes()
pause_and_undo()
files()
services()
env.update(LOGNAME="somebody", USER="somebody", ALLORA_TEST_NOW="2001-01-01T00:00:00Z")
allora("resource", "act", "pause", "process", "1", "--yes")
code, out, err = allora("audit", "list", "-o", "json")
check("the journal says who and when it was, not what the environment says",
      code == 0 and "somebody" not in out and "2001-" not in out, (code, out, err))
code, out, err = allora("audit", "verify")
check("every step is in the journal", code == 0, (code, out, err))
done()
