"""A folder of broken plugins, one of each kind, beside a good one: each is named with its step, its code and what
to do, and nothing else suffers; one that ends the program is tried once."""
import json
import os
import signal
import subprocess
import sys
import time

from common_bad_plugins import BROKEN, DEADLY, FIXTURES, RULES, place
from common_cli import SLOW, check, done, failures, room, surroundings

if not os.path.isdir(FIXTURES):
    sys.exit(77)
ALLORA = os.environ["ALLORA"]
os.mkdir(room + "/run")
folder = room + "/plugins"
os.mkdir(folder)
for variant, make, *_ in BROKEN:
    place(folder, variant, make)
for variant, *_ in RULES:
    place(folder, variant)
place(folder, "fixture")


def environment(**more):
    return surroundings(XDG_RUNTIME_DIR=room + "/run", **more)


def run(*args, plugins=folder, **more):
    env = environment(ALLORA_PLUGINS__LOAD_TIMEOUT_S=str(2 * SLOW), **more)
    return subprocess.run([ALLORA, "--plugin-path", plugins, *args], env=env, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60 * SLOW)


def expect(what, holds, r):
    check(what, holds, "exit %d\n  %s\n  %s" % (r.returncode, r.stdout[-700:], r.stderr[-700:]))


def alone(*variants):
    """A folder with only these in it."""
    path = room + "/" + "+".join(variants)
    os.mkdir(path)
    for one in variants:
        place(path, one)
    return path


# --- what survives -------------------------------------------------------------------------------------------
for again in range(2):  # cold index, then warm
    r = run("plugin", "doctor", "-o", "json")
    expect("doctor ends with 7", r.returncode == 7, r)
    rows = {row["plugin"]: row for row in json.loads(r.stdout)}
    for variant, _, stage, code, message, hint in BROKEN:
        row = rows.get(variant)
        if variant == "create_hangs" and again:  # its two unexplained markers are the next test's business
            continue
        expect(f"doctor names {variant}: {row}",
               row and row["status"] == "failed" and row["check"] == stage and message in row["detail"]
               and hint in (row["hint"] or ""), r)
    for good in ["fixture", "plugin"] + [variant for variant, *_ in RULES]:
        expect(good + " loads", rows[good]["status"] == "ok", r)
    if again == 0:
        for left in os.listdir(room + "/run/allora"):  # the hanging one left its marker
            check("a marker is left of nothing but what hung", left.startswith("loading-create_hangs-"), left)

for variant, _, stage, code, message, hint in BROKEN:
    r = run("plugin", "info", variant, "-o", "json")
    problem = json.loads(r.stdout).get("problem")
    if stage in ("load", "handshake", "create") or variant == "null":
        expect(f"info of {variant} loads nothing", r.returncode == 0 and not problem, r)
    else:
        expect(f"info of {variant}", r.returncode == 0 and problem and problem["stage"] == stage
               and problem["code"] == code and message in problem["message"] and hint in problem["hint"], r)

r = run("plugin", "list", "-o", "json")
expect("list shows all", r.returncode == 0 and len(json.loads(r.stdout)) >= len(BROKEN) + len(RULES) + 1, r)
r = run("fixture", "config", "answer")
expect("the good one works", r.returncode == 0 and "42" in r.stdout, r)
r = run("future", "config", "x")
expect("a command of a refused plugin says why", r.returncode == 7 and "needs ABI 1.7" in r.stderr, r)
r = run("drift", "config", "x")
expect("a command of one that fails to load", r.returncode == 7 and "could not be loaded" in r.stderr, r)
r = run("create-silent", "config", "x")
expect("what create() says keeps its code", r.returncode == 6, r)
r = run("plugin", "info", "fixtrue")
expect("nearest id", r.returncode == 4 and "did you mean fixture?" in r.stderr, r)
r = run("doctor", "--skip-tables")
expect("doctor lists what is broken", r.returncode == 5 and "✗ plugin drift" in r.stdout, r)

# --- two files of one id in one folder: neither is taken -----------------------------------------------------
twins = alone("fixture", "twin")
r = run("fixture", "config", "x", plugins=twins)
expect("twins", r.returncode == 7 and "/fixture.so" in r.stderr and "/twin.so" in r.stderr, r)

# --- a hang in create() --------------------------------------------------------------------------------------
hangs = alone("create_hangs", "fixture")
start = time.monotonic()
r = run("--timeout", "1s", "create-hangs", "config", "x", plugins=hangs)
expect("ends at the run's deadline and names it",
       r.returncode == 124 and 'plugin "create_hangs"' in r.stderr and "create() before the deadline" in r.stderr, r)
check("soon after the deadline", time.monotonic() - start < 30 * SLOW)
r = run("create-hangs", "config", "x", plugins=hangs)
expect("ends at the deadline for loading and names it",
       r.returncode == 124 and "did not come back from create() within" in r.stderr, r)
r = run("create-hangs", "config", "x", plugins=hangs)
expect("two unexplained ends quarantine it", r.returncode == 7 and "quarantined" in r.stderr, r)
r = run("fixture", "config", "answer", plugins=hangs)
expect("its neighbour goes on", r.returncode == 0 and "42" in r.stdout, r)

# --- what ends the program: said as it ends, not tried again -------------------------------------------------
for variant, words, code, after in DEADLY:
    place_ = alone(variant, "fixture")
    command = variant.replace("_", "-")
    r = run(command, "config", "x", plugins=place_)
    expect(f"{variant} is named as it ends the program",
           r.returncode == code and f'plugin "{variant}" {words}' in r.stderr, r)
    r = run(command, "config", "x", plugins=place_)
    expect(f"{variant} is quarantined",
           r.returncode == 7 and after in r.stderr and "quarantined" in r.stderr
           and f"allora plugin release {variant}" in r.stderr, r)
    r = run("plugin", "doctor", "-o", "json", plugins=place_)
    rows = {row["plugin"]: row for row in json.loads(r.stdout)}
    expect("the others go on", r.returncode == 7 and rows["fixture"]["status"] == "ok"
           and rows[variant]["check"] == "load", r)

# --- released, it is tried once more -------------------------------------------------------------------------
again = room + "/create_crashes+fixture"
r = run("plugin", "release", "create_crashes", plugins=again)
expect("release says so", r.returncode == 0 and "tried again" in r.stdout, r)
r = run("create-crashes", "config", "x", plugins=again)
expect("it crashes once more", r.returncode == -6, r)
r = run("plugin", "release", "fixture", plugins=again)
expect("nothing to release", r.returncode == 0 and "was not quarantined" in r.stdout, r)

# --- a live sibling is no crash ------------------------------------------------------------------------------
sibling = alone("create_hangs", "twin")
busy = [subprocess.Popen([ALLORA, "--plugin-path", sibling, "create-hangs", "config", "x"],
                         env=environment(ALLORA_PLUGINS__LOAD_TIMEOUT_S="100"), stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]


def markers():
    return [m for m in os.listdir(room + "/run/allora")]


before = len(markers())
end = time.monotonic() + 20 * SLOW
while len(markers()) <= before - 1 and time.monotonic() < end:
    time.sleep(0.05)
time.sleep(0.5)
for _ in range(3):
    r = run("create-hangs", "config", "x", plugins=sibling)
    expect("beside a live sibling it is tried as ever", r.returncode == 124, r)
for p in busy:
    p.send_signal(signal.SIGKILL)
    p.wait()
r = run("create-hangs", "config", "x", plugins=sibling)
expect("one kill -9 is an accident", r.returncode == 124, r)
r = run("create-hangs", "config", "x", plugins=sibling)
expect("two are not", r.returncode == 7 and "quarantined" in r.stderr, r)

done()
