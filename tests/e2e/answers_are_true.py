"""The five questions of scripts/demo, their answers checked against ps, df and ss."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ALLORA = os.environ["ALLORA"]
room = tempfile.mkdtemp()
failures = []
env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ALLORA_"))}
env.update(HOME=room, LC_ALL="C.UTF-8")
for tool in ("ps", "df", "ss"):
    if not shutil.which(tool):
        print(f"{tool} is not here")
        sys.exit(77)


def tool(*args):
    p = subprocess.run(args, capture_output=True, text=True, env=env)
    if p.returncode and "no file systems processed" in p.stderr:
        return []  # df, on a machine whose every file system it was told to leave out
    p.check_returncode()
    return p.stdout.splitlines()


def ask(question):
    """The rows that the answer shows, with the SQL behind them."""
    p = subprocess.run([ALLORA, "ask", "-o", "json", question], capture_output=True, text=True, env=env,
                       stdin=subprocess.DEVNULL, timeout=60)
    if p.returncode != 0:
        raise AssertionError(f"exit {p.returncode}: {p.stderr[:400]} {p.stdout[:400]}")
    answer = json.loads(p.stdout)
    receipt = next(r for r in answer["receipts"] if r["n"] in answer["show"])
    assert receipt["sql"], "no SQL in the receipt"
    columns = [c["name"] if isinstance(c, dict) else c for c in receipt.get("columns", [])]
    rows = [r if isinstance(r, dict) else dict(zip(columns, r)) for r in receipt["rows"]]
    return rows, answer["answer"]


def check(question, verify):
    # Processes and sockets come and go between two looks: a few tries, each with a fresh look.
    for attempt in range(8):
        time.sleep(0.3 * attempt)
        try:
            verify(*ask(question))
            return
        except AssertionError as e:
            problem = e
    failures.append(f"{question}\n  {problem}")


def most_memory(rows, _):
    want = [line.split() for line in tool("ps", "-eo", "pid=,rss=", "--sort=-rss")]
    real = {int(p): int(r) * 1024 for p, r in want}
    assert len(rows) == 3, f"{len(rows)} rows"
    third = sorted(real.values())[-3]
    seen = 0
    for row in rows:
        rss = next(v for k, v in row.items() if k in ("rss", "memory"))
        near = real.get(row["pid"])
        if near is None and not os.path.exists(f"/proc/{row['pid']}"):
            continue  # it has ended since: allora itself, or a compiler beside this test
        assert near is not None, f"ps has no process {row['pid']}"
        seen += 1
        assert abs(rss - near) <= 0.1 * near + 2**20, f"pid {row['pid']}: {rss}, ps says {near}"
        assert rss >= 0.9 * third, f"pid {row['pid']} is not among the first three"
    assert seen, "none of the three is still there"


def owned_by_root(rows, _):
    want = len(tool("ps", "-U", "root", "-u", "root", "-o", "pid="))
    got = list(rows[0].values())[0]
    # ps itself is one of them, and allora may be.
    assert len(rows) == 1 and abs(got - want) <= 4, f"{rows}, ps says {want}"


def fullest_disk(rows, answer):
    used = {}
    images = [word for name in ("iso9660", "squashfs", "erofs", "udf") for word in ("-x", name)]
    for line in tool("df", "-P", "-k", "-x", "tmpfs", "-x", "devtmpfs", "-x", "overlay", *images)[1:]:
        fields = re.split(r"\s+", line, maxsplit=5)
        if fields[4].rstrip("%").isdigit():
            used[fields[5]] = int(fields[4].rstrip("%"))
    if not rows:  # a chroot may see file systems in memory only
        assert not used, f"df has {used}"
        assert re.match(r"(No|There (is|are) no) disk", answer), answer
        return
    mount = next((v for k, v in rows[0].items() if k in ("mount_point", "name", "path")), None)
    percent = next((v for k, v in rows[0].items() if "percent" in k), None)
    assert mount in used or not used, f"df has no {mount}: {used}"
    if used:
        assert used[mount] >= max(used.values()) - 1, f"{mount} is {used[mount]} % full, but {used}"
        if percent is not None:
            assert abs(percent - used[mount]) <= 2, f"{percent} %, df says {used[mount]} %"


def listening(rows, _):
    want = set()
    for line in tool("ss", "-H", "-l", "-t", "-u", "-n"):
        want.add(int(line.split()[4].rsplit(":", 1)[1]))
    got = {next(v for k, v in row.items() if k in ("port", "local_port")) for row in rows}
    assert got == want, f"{sorted(got)}, ss says {sorted(want)}"


def per_user(rows, _):
    want = {}
    for line in tool("ps", "-eo", "user:64="):
        want[line.strip()] = want.get(line.strip(), 0) + 1
    got = {}
    for row in rows:
        count = next(v for v in row.values() if isinstance(v, int))
        got[next(v for v in row.values() if isinstance(v, str))] = count
    assert set(got) == set(want), f"{got}, ps says {want}"
    for user, count in want.items():
        assert abs(got[user] - count) <= 4, f"{user}: {got[user]}, ps says {count}"


check("which 3 processes use the most memory?", most_memory)
check("how many processes are owned by root?", owned_by_root)
check("which disk is the fullest?", fullest_disk)
check("which ports are listening?", listening)
check("how many processes are there per user?", per_user)
shutil.rmtree(room, ignore_errors=True)
for failure in failures:
    print("FAILED:", failure)
sys.exit(1 if failures else 0)
