"""A folder of broken plugins, one of each kind, beside a good one: each is named with its step and what to do, and nothing else
suffers; a plugin that kills the program is tried once."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

ALLORA = os.environ["ALLORA"]
FIXTURES = os.environ["BUILD_DIR"] + "/tests/fixtures"
if not os.path.isdir(FIXTURES):
    sys.exit(77)
room = tempfile.mkdtemp()
failures = []

env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ALLORA_"))}
env.update(HOME=room, XDG_RUNTIME_DIR=room + "/run")
os.mkdir(room + "/run")

# id: (step, words) that plugin doctor must give.
BROKEN = {
    "bad_manifest": ("manifest", '"version" is missing'),
    "create_fails": ("create", "the fixture has no answer"),
    "drift": ("handshake", "not the one in its section"),
    "forbidden": ("trust", "imports exit()"),
    "future": ("abi", "needs ABI 1.7"),
    "lazy": ("read", "linked lazily"),
    "no_entry": ("entry", "allora_plugin_v1"),
    "null": ("entry", "gave nothing"),
    "short": ("handshake", "16 bytes"),
    "undefined": ("load", "undefined symbol: fixture_defined_nowhere"),
}
folder = room + "/plugins"
os.mkdir(folder)
for name in list(BROKEN) + ["fixture"]:
    shutil.copy("%s/%s/%s.so" % (FIXTURES, name, name), folder)
with open(folder + "/text.so", "w") as f:
    f.write("not a plugin\n")
shutil.copy("%s/fixture/fixture.so" % FIXTURES, room + "/whole")
with open(room + "/whole", "rb") as whole, open(folder + "/cut.so", "wb") as cut:
    cut.write(whole.read()[:3000])
BROKEN["text"] = ("read", "not an ELF file")
BROKEN["cut"] = ("read", "file too short")


def run(*args, plugins=folder):
    r = subprocess.run([ALLORA, "--plugin-path", plugins] + list(args), env=env, capture_output=True,
                       text=True, timeout=60)
    if r.returncode < 0 and "crash" not in plugins:
        failures.append("%s died of signal %d" % (" ".join(args), -r.returncode))
    return r


def expect(what, condition, r):
    if not condition:
        failures.append("%s\n  exit %d\n  %s\n  %s" % (what, r.returncode, r.stdout[-600:], r.stderr[-600:]))


for again in range(2):  # cold index, then warm
    r = run("plugin", "doctor", "-o", "json")
    expect("doctor ends with 7", r.returncode == 7, r)
    rows = {row["plugin"]: row for row in json.loads(r.stdout)}
    for name, (step, words) in BROKEN.items():
        row = rows.get(name)
        expect("doctor names " + name, row and row["status"] == "failed" and row["check"] == step
               and words in row["detail"] and (row["hint"] or name == "null"), r)
    expect("the good one loads", rows["fixture"]["status"] == "ok", r)
    expect("allora's own load", rows["plugin"]["status"] == "ok", r)

r = run("plugin", "list", "-o", "json")
expect("list shows all", r.returncode == 0 and len(json.loads(r.stdout)) >= len(BROKEN) + 1, r)
r = run("plugin", "info", "future", "-o", "json")
expect("info shows the problem", r.returncode == 0 and json.loads(r.stdout)["problem"]["stage"] == "abi", r)
r = run("future", "config", "x")
expect("a command of a refused plugin says why", r.returncode == 7 and "needs ABI 1.7" in r.stderr, r)
r = run("drift", "config", "x")
expect("a command of one that fails to load", r.returncode == 7 and "could not be loaded" in r.stderr, r)
r = run("doctor", "--skip-tables")
expect("doctor lists what is broken", r.returncode == 5 and "✗ plugin drift" in r.stdout, r)
r = run("plugin", "info", "fixtrue")
expect("nearest id", r.returncode == 4 and "did you mean fixture?" in r.stderr, r)

# Two files of one id in one folder: neither is taken.
twins = room + "/twins"
os.mkdir(twins)
shutil.copy(FIXTURES + "/fixture/fixture.so", twins + "/a.so")
shutil.copy(FIXTURES + "/twin/twin.so", twins + "/b.so")
r = run("fixture", "config", plugins=twins)
expect("twins", r.returncode == 7 and "/a.so" in r.stderr and "/b.so" in r.stderr, r)

# A death while loading: once by signal, then quarantined.
crash = room + "/crash"
os.mkdir(crash)
shutil.copy(FIXTURES + "/create_crashes/create_crashes.so", crash)
r = run("create-crashes", "config", "x", plugins=crash)
expect("the first time it dies", r.returncode != 7, r)
r = run("create-crashes", "config", "x", plugins=crash)
expect("the second time it is not tried", r.returncode == 7 and "quarantined" in r.stderr, r)
r = run("plugin", "list", plugins=crash)
expect("others go on", r.returncode == 0, r)

shutil.rmtree(room)
print("\n".join(failures) or "ok: %d broken plugins named" % len(BROKEN))
sys.exit(1 if failures else 0)
