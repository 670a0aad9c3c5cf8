"""Takes each plugin away in turn: every other command goes on working, and what the missing one
provided is answered with its name."""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

ALLORA = os.environ["ALLORA"]
BUILD = os.environ["BUILD_DIR"]
room = tempfile.mkdtemp()
failures = []

env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ALLORA_"))}
env.update(HOME=room + "/home")
os.makedirs(room + "/home")

# A copy of the runnable tree: the program finds plugins beside itself.
tree = room + "/tree"
os.makedirs(tree + "/bin")
shutil.copy(ALLORA, tree + "/bin/allora")
shutil.copytree(BUILD + "/lib/allora", tree + "/lib/allora")
shutil.copytree(BUILD + "/share/allora", tree + "/share/allora")
plugin_dir = tree + "/lib/allora/plugins"

# One call of each command, and the plugins it needs.
CALLS = {
    ("query", "select 1 as one"): {"query"},
    ("query", "select count(*) from host_process"): {"query", "host"},
    ("table", "list"): {"table"},
    ("table", "describe", "host_process"): {"table", "host"},
    ("resource", "list", "host_user"): {"resource", "host"},
    ("ask", "how many processes are there?"): {"ask", "host", "offline"},
    ("session", "list"): {"session"},
    ("why", "--help"): {"ask"},
    ("plugin", "list"): {"plugin"},
    ("plugin", "doctor"): {"plugin"},
    ("doctor",): {"doctor"},
    ("--version",): set(),
    ("--help",): set(),
    ("completion", "bash"): set(),
}


def run(args):
    p = subprocess.run([tree + "/bin/allora", *args], env=env, stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=60)
    return p.returncode, p.stdout.decode(errors="replace"), p.stderr.decode(errors="replace")


def check_all(missing):
    for args, needs in CALLS.items():
        rc, out, err = run(args)
        what = f"without {missing}: {' '.join(args)}"
        if rc < 0 or "Sanitizer" in err:
            failures.append(f"{what}: crashed: {err[-500:]}")
        elif missing not in needs:
            if rc != 0:
                failures.append(f"{what}: exit {rc}: {out[-200:]} {err[:400]}")
        elif rc == 0:
            failures.append(f"{what}: works without what it needs: {out[:200]}")
        elif args[0] == "ask" and missing in ("host", "offline"):
            # A question names no plugin: it is declined, or there is nobody to ask.
            if rc not in (2, 4) or not out + err:
                failures.append(f"{what}: exit {rc}: {out[:300]} {err[:300]}")
        elif missing not in out + err:
            failures.append(f"{what}: does not say that {missing} is missing: {out[:300]} {err[:300]}")


plugins = sorted(os.path.basename(p)[:-3] for p in glob.glob(plugin_dir + "/*.so"))
with open(tree + "/share/allora/known-plugins.json", encoding="utf-8") as f:
    known = {p["id"] for p in json.load(f)["plugins"]}
if not plugins or set(plugins) != known:
    failures.append(f"built {plugins}, known {sorted(known)}")

check_all("(none)")
for name in plugins:
    os.rename(f"{plugin_dir}/{name}.so", room + "/away.so")
    check_all(name)
    os.rename(room + "/away.so", f"{plugin_dir}/{name}.so")

# Of each kind of name, with nothing but the list of known plugins to go by: the index forgets.
for name, args, kind in (("offline", ("ask", "--agent", "offline", "how many users are there?"), "no agent"),
                         ("host", ("query", "select * from host_user"), "host_user"),
                         ("host", ("operation", "call", "host.process.renice", "pid=1", "nice=1"), "no operation"),
                         ("session", ("session", "list"), "no command"),
                         ("table", ("table", "list"), "no command")):
    os.rename(f"{plugin_dir}/{name}.so", room + "/away.so")
    shutil.rmtree(room + "/home", ignore_errors=True)
    os.makedirs(room + "/home")
    rc, out, err = run(args)
    if rc not in (2, 4, 7) or kind not in err or f'"{name}"' not in err and name not in err.split("hint")[-1]:
        failures.append(f"without {name} and index: {' '.join(args)}: exit {rc}: {err[:400]}")
    os.rename(room + "/away.so", f"{plugin_dir}/{name}.so")

shutil.rmtree(room, ignore_errors=True)
for failure in failures:
    print("FAILED:", failure)
sys.exit(1 if failures else 0)
