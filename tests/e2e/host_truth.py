"""What the host provider says, against ps, df, ss, free, dpkg-query and /etc, on the machine that runs the test."""
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
env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "ALLORA_"))}
env.update(HOME=room, LC_ALL="C.UTF-8", COLUMNS="1000")
failures = []


def query(sql, **extra):
    p = subprocess.run([ALLORA, "query", "-o", "json", sql], capture_output=True, text=True, env={**env, **extra},
                       stdin=subprocess.DEVNULL, timeout=60)
    if p.returncode not in (0, 5):
        raise AssertionError(f"{sql}: exit {p.returncode}: {p.stderr[:500]}")
    return json.loads(p.stdout)


def tool(*args):
    return subprocess.run(args, capture_output=True, text=True, env=env, check=True).stdout.splitlines()


def near(got, want, share, slack):
    return abs(got - want) <= share * abs(want) + slack


def check(name, tools, look, tries=8):
    """The machine moves on between two looks, so a check may try again."""
    if any(not shutil.which(t) for t in tools):
        print(f"skipped: {name} (no {' or '.join(tools)})")
        return
    problem = None
    for attempt in range(tries):
        time.sleep(0.2 * attempt)
        try:
            look()
            print(f"ok: {name}")
            return
        except AssertionError as e:
            problem = e
    failures.append(f"{name}: {problem}")


def processes():
    ps = {}
    for line in tool("ps", "-eo", "pid=,ppid=,user:64=,nlwp=,nice=,rss=,etimes=,stat=,comm="):
        f = line.split(None, 8)
        ps[int(f[0])] = f
    rows = {r["pid"]: r for r in query("select pid, ppid, user, threads, nice, rss, elapsed, state, name from host_process")}
    both = ps.keys() & rows.keys()
    assert len(both) >= 0.85 * len(ps), f"{len(both)} of {len(ps)} processes"
    for pid in both:
        f, r = ps[pid], rows[pid]
        if int(f[6]) < 5:  # just started: still taking its name, its user and its memory
            continue
        assert r["ppid"] == int(f[1]), (r, f)
        assert r["user"] == f[2], (r, f)
        assert near(r["threads"], int(f[3]), 0.3, 4), (r, f)
        assert f[4] == "-" or r["nice"] == int(f[4]), (r, f)
        assert near(r["rss"], int(f[5]) * 1024, 0.3, 8 << 20), (r, f)
        assert near(r["elapsed"], int(f[6]), 0, 3), (r, f)
        if not f[8].startswith("kworker") and r["state"] != "Z":  # those take another name with each piece of work
            assert r["name"] == f[8].replace(" <defunct>", ""), (r, f)


def one_process():
    me = os.getpid()
    (row,) = query(f"select * from host_process where pid = {me}")
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{me}/status", encoding="utf-8").read().splitlines() if ":\t" in line)
    assert row["exe"] == os.readlink(f"/proc/{me}/exe"), row
    assert row["cwd"] == os.getcwd(), row
    assert row["cmdline"] == open(f"/proc/{me}/cmdline", encoding="utf-8").read().rstrip("\0").replace("\0", " "), row
    assert row["uid"] == os.geteuid() and row["gid"] == os.getegid(), row
    assert near(row["vsize"], int(status["VmSize"].split()[0]) * 1024, 0.2, 4 << 20), row
    assert near(row["open_files"], len(os.listdir(f"/proc/{me}/fd")), 0, 3), row
    started = time.time() - int(tool("ps", "-o", "etimes=", "-p", str(me))[0])
    assert near(seconds(row["start_time"]), started, 0, 3), row
    assert query("select count(*) as n from host_process where pid = 0 or pid = 4194305")[0]["n"] == 0
    thread = [t for t in os.listdir("/proc/1/task") if t != "1"]
    if thread:  # a thread's number is no process's
        assert query(f"select pid from host_process where pid = {thread[0]}") == []


def seconds(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def counting():
    n = query("select count(*) as n from host_process")[0]["n"]
    assert near(n, len(tool("ps", "-e")) - 1, 0.05, 6), n


def disks():
    df = {}
    for line in tool("df", "-P", "-T", "-k")[1:]:
        f = re.split(r"\s+", line, maxsplit=6)
        df[f[6]] = f
    rows = {r["mount_point"]: r for r in query("select * from host_disk")}
    assert rows.keys() == df.keys(), (rows.keys() ^ df.keys())
    for point, f in df.items():
        r = rows[point]
        assert r["device"] == f[0] and r["fs_type"] == f[1], (r, f)
        assert r["size"] // 1024 == int(f[2]), (r, f)
        assert near(r["used"], int(f[3]) * 1024, 0.01, 16 << 20), (r, f)
        assert near(r["available"], int(f[4]) * 1024, 0.01, 16 << 20), (r, f)
        if f[5] != "-":  # df rounds up
            assert -1.1 <= r["used_percent"] - int(f[5].rstrip("%")) <= 0.1, (r, f)


def memory():
    f = tool("free", "-b")
    mem, swap = f[1].split()[1:], f[2].split()[1:]
    (r,) = query("select * from host_memory")
    assert r["total"] == int(mem[0]), (r, mem)
    assert near(r["available"], int(mem[5]), 0.05, 64 << 20), (r, mem)
    version = re.search(r"procps-ng (\d+)", " ".join(tool("free", "-V")))
    if version and int(version.group(1)) >= 4:  # older ones count used differently
        assert near(r["used"], int(mem[1]), 0.1, 128 << 20), (r, mem)
    assert r["swap_total"] == int(swap[0]) and near(r["swap_used"], int(swap[1]), 0.1, 16 << 20), (r, swap)


def sockets():
    def split(text):
        address, port = text.rsplit(":", 1)
        address = address.split("%")[0].strip("[]")
        return {"*": "::"}.get(address, address), port

    for kind, protocol in (("-t", "tcp"), ("-u", "udp")):
        want = set()
        for line in tool("ss", "-H", "-a", "-n", kind):
            f = line.split()
            if f[0] in ("LISTEN", "UNCONN", "ESTAB"):
                want.add((f[0][:5], *split(f[3])))
        rows = query(f"select state, local_address, local_port from host_socket where protocol = '{protocol}'")
        got = {({"LISTEN": "LISTE", "UNCONNECTED": "UNCON", "ESTABLISHED": "ESTAB"}[r["state"]], r["local_address"], str(r["local_port"]))
               for r in rows if r["state"] in ("LISTEN", "UNCONNECTED", "ESTABLISHED")}
        assert got == want, (got ^ want)
    unix = len(tool("ss", "-H", "-a", "-x"))
    assert near(query("select count(*) as n from host_socket where protocol = 'unix'")[0]["n"], unix, 0.1, 4)


def owners():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        port = s.getsockname()[1]
        (row,) = query(f"select port, protocol, address, exposed, pid, process, user from host_port where port = {port}")
        assert row["pid"] == os.getpid() and row["address"] == "127.0.0.1" and not row["exposed"], row
        name = open("/proc/self/comm", encoding="utf-8").read().strip()
        assert row["process"] == name, row


def users():
    want = [line.rstrip("\n").split(":") for line in open("/etc/passwd", encoding="utf-8") if line.count(":") == 6]
    rows = query("select name, uid, gid, home, shell from host_user")
    assert [[r["name"], str(r["uid"]), str(r["gid"]), r["home"], r["shell"]] for r in rows] == \
        [[f[0], f[2], f[3], f[5], f[6] or "/bin/sh"] for f in want]
    groups = {line.split(":")[0]: int(line.split(":")[2]) for line in open("/etc/group", encoding="utf-8") if line.count(":") == 3}
    assert {r["name"]: r["gid"] for r in query("select name, gid from host_group")} == groups


def packages():
    want = {}
    for line in tool("dpkg-query", "-W", "-f=${db:Status-Status}|${Package}|${Architecture}|${Version}|${Installed-Size}|${Section}\n"):
        status, name, arch, version, size, section = line.split("|")
        if status not in ("not-installed", "config-files"):
            want[name, arch] = (status, version, int(size or 0) * 1024, section)
    rows = query("select name, architecture, state, version, size, section, installed_at from host_package")
    assert len(rows) == len(want), (len(rows), len(want))
    for r in rows:
        assert (r["state"], r["version"], r["size"] or 0, r["section"] or "") == want[r["name"], r["architecture"]], r
    assert sum(r["installed_at"] is not None for r in rows) >= 0.99 * len(rows)


def machine():
    (r,) = query("select * from host_info")
    u = os.uname()
    assert (r["hostname"], r["kernel"], r["architecture"]) == (u.nodename, u.release, u.machine), r
    assert r["cpu_count"] == os.cpu_count(), r
    uptime = float(open("/proc/uptime", encoding="utf-8").read().split()[0])
    assert near(r["uptime"], uptime, 0, 3), (r, uptime)
    assert near(seconds(r["boot_time"]), time.time() - uptime, 0, 3), r
    assert near(seconds(r["local_time"]), time.time(), 0, 5), r
    assert len(query("select cpu from host_cpu where online")) == os.cpu_count()


def interfaces():
    rows = query("select name, mtu, mac, rx_bytes from host_interface")
    assert {r["name"] for r in rows} == set(os.listdir("/sys/class/net")) - {"bonding_masters"}, rows
    for r in rows:
        assert r["mtu"] == int(open(f"/sys/class/net/{r['name']}/mtu", encoding="utf-8").read()), r


def view():
    rows = query("select provider, name, size from disk where provider = 'host'")
    assert {r["name"] for r in rows} == {r["mount_point"] for r in query("select mount_point from host_disk")}


def denied():
    """As another user, cells that only root may see are null with a warning, never another process's."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return
    somebody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    run = dict(capture_output=True, text=True, env={**env, "HOME": "/proc/none"}, stdin=subprocess.DEVNULL, timeout=60,
               cwd="/")
    plugin = os.environ["BUILD_DIR"] + "/lib/allora/plugins/host.so"
    reach = subprocess.run([*somebody, "sh", "-c", '"$0" version && test -r "$1"', ALLORA, plugin], **run)
    if reach.returncode != 0:
        return  # the build tree isn't open to others
    p = subprocess.run([*somebody, ALLORA, "query", "-o", "json", "select pid, exe from host_process where uid = 0"],
                       **run)
    assert p.returncode in (0, 5), (p.returncode, p.stderr)
    rows = json.loads(p.stdout)
    assert rows and all(r["exe"] is None for r in rows if r["pid"] != 0), rows[:3]
    assert p.stderr.count("only root") + p.stderr.count("permission denied") == 1, p.stderr


def cost():
    """count(*) reads no process's files: within 3 times `ps -e | wc -l`, medians of interleaved runs."""
    build = open(os.path.join(os.environ["BUILD_DIR"], "CMakeCache.txt"), encoding="utf-8").read()
    if "ALLORA_SANITIZE:STRING=\n" not in build or "CMAKE_BUILD_TYPE:STRING=Rel" not in build:
        return
    ours, ps = [], []
    for _ in range(15):
        for argv, times in (([ALLORA, "query", "select count(*) from host_process"], ours), (["sh", "-c", "ps -e | wc -l"], ps)):
            start = time.perf_counter()
            subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, check=True)
            times.append(time.perf_counter() - start)
    a, b = sorted(ours)[7], sorted(ps)[7]
    print(f"count(*) {a * 1000:.1f} ms, ps -e | wc -l {b * 1000:.1f} ms: {a / b:.2f}")
    assert a <= 3 * b, f"{a / b:.1f} times"


check("processes", ["ps"], processes)
check("one process", ["ps"], one_process)
check("number of processes", ["ps"], counting)
check("disks", ["df"], disks)
check("memory", ["free"], memory)
check("sockets", ["ss"], sockets)
check("owners of ports", [], owners)
check("users and groups", [], users)
check("packages", ["dpkg-query"], packages)
check("machine", [], machine)
check("interfaces", [], interfaces)
check("view disk", [], view)
check("what only root may see", [], denied)
check("cost of count(*)", ["ps"], cost)
shutil.rmtree(room, ignore_errors=True)
if failures:
    print("\n".join("FAILED " + f for f in failures))
sys.exit(1 if failures else 0)
