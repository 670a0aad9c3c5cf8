#!/usr/bin/env python3
"""Writes tests/data/hosttree: the recorded tree of a Debian server that never existed.

Everything below is made up, and comes out the same on every run: the figures are in this file, noise comes from a
seeded generator. Names and versions of packages are Debian's (hosttree.packages.tsv). The format is what
scripts/record-host writes; docs/host.md describes it.

    tests/data/make-hosttree.py            replaces the tree beside this file
"""
import calendar
import os
import random
import shutil
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "hosttree")
RNG = random.Random(20261101)
HZ, PAGE = 100, 4096
KIB, MIB, GIB = 1024, 1024**2, 1024**3


def utc(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M:%S"))


NOW = utc("2026-11-01 10:00:00")
BOOT = utc("2026-09-22 03:12:45")
UPTIME = NOW - BOOT
HOST = "shop-1"


def put(path, content):
    full = os.path.join(ROOT, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    data = content if isinstance(content, bytes) else content.encode()
    with open(full, "wb") as f:
        f.write(data)


def link(path, target):
    full = os.path.join(ROOT, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    os.symlink(target, full)


# ---- accounts ------------------------------------------------------------------------------------
USERS = [  # name, uid, gid, gecos, home, shell
    ("root", 0, 0, "root", "/root", "/bin/bash"),
    ("daemon", 1, 1, "daemon", "/usr/sbin", "/usr/sbin/nologin"),
    ("bin", 2, 2, "bin", "/bin", "/usr/sbin/nologin"),
    ("sys", 3, 3, "sys", "/dev", "/usr/sbin/nologin"),
    ("sync", 4, 65534, "sync", "/bin", "/bin/sync"),
    ("man", 6, 12, "man", "/var/cache/man", "/usr/sbin/nologin"),
    ("mail", 8, 8, "mail", "/var/mail", "/usr/sbin/nologin"),
    ("www-data", 33, 33, "www-data", "/var/www", "/usr/sbin/nologin"),
    ("backup", 34, 34, "backup", "/var/backups", "/usr/sbin/nologin"),
    ("_apt", 42, 65534, "", "/nonexistent", "/usr/sbin/nologin"),
    ("nobody", 65534, 65534, "nobody", "/nonexistent", "/usr/sbin/nologin"),
    ("systemd-network", 998, 998, "systemd Network Management", "/", "/usr/sbin/nologin"),
    ("systemd-timesync", 997, 997, "systemd Time Synchronization", "/", "/usr/sbin/nologin"),
    ("messagebus", 100, 107, "", "/nonexistent", "/usr/sbin/nologin"),
    ("sshd", 101, 65534, "", "/run/sshd", "/usr/sbin/nologin"),
    ("_chrony", 102, 108, "Chrony daemon", "/var/lib/chrony", "/usr/sbin/nologin"),
    ("postgres", 103, 109, "PostgreSQL administrator", "/var/lib/postgresql", "/bin/bash"),
    ("redis", 104, 110, "", "/var/lib/redis", "/usr/sbin/nologin"),
    ("prometheus", 105, 111, "Prometheus daemon", "/var/lib/prometheus", "/usr/sbin/nologin"),
    ("Debian-exim", 106, 112, "", "/var/spool/exim4", "/usr/sbin/nologin"),
    ("elastic", 107, 113, "Search", "/var/lib/elastic", "/bin/false"),
    ("maria", 1000, 1000, "Maria Keller,,,", "/home/maria", "/bin/bash"),
    ("jonas", 1001, 1001, "Jonas Brandt,,,", "/home/jonas", "/usr/bin/zsh"),
    ("deploy", 1002, 1002, "Deployment,,,", "/srv/shop", "/bin/bash"),
    ("erin", 1003, 1003, "Erin O'Neill,,,", "/home/erin", "/bin/bash"),
    ("old-intern", 1004, 1004, "Former intern,,,", "/home/old-intern", "/usr/sbin/nologin"),
]
GROUPS = [
    ("root", 0, ""), ("daemon", 1, ""), ("bin", 2, ""), ("sys", 3, ""), ("adm", 4, "maria,erin"), ("tty", 5, ""),
    ("disk", 6, ""), ("mail", 8, ""), ("man", 12, ""), ("sudo", 27, "maria,erin"), ("www-data", 33, "deploy"),
    ("backup", 34, ""), ("shadow", 42, ""), ("users", 100, "maria,jonas,erin"), ("nogroup", 65534, ""),
    ("systemd-journal", 999, ""), ("systemd-network", 998, ""), ("systemd-timesync", 997, ""), ("messagebus", 107, ""),
    ("_chrony", 108, ""), ("postgres", 109, ""), ("redis", 110, ""), ("prometheus", 111, ""), ("Debian-exim", 112, ""),
    ("elastic", 113, ""), ("docker", 114, "deploy,maria"), ("ssl-cert", 115, "postgres"), ("maria", 1000, ""),
    ("jonas", 1001, ""), ("deploy", 1002, ""), ("erin", 1003, ""), ("old-intern", 1004, ""),
]
UID = {u[0]: u[1] for u in USERS}
GID = {u[0]: u[2] for u in USERS}
LASTLOG = [("root", "2026-09-22 03:31:10", "tty1"), ("maria", "2026-11-01 08:02:41", "198.51.100.23"),
           ("jonas", "2026-10-31 17:45:03", "198.51.100.87"), ("deploy", "2026-10-30 14:20:55", "192.0.2.10"),
           ("old-intern", "2025-08-29 15:12:00", "198.51.100.60"), ("postgres", "2026-10-06 09:14:27", "pts/2")]
# sshd, cron and the rest: kernel-time figures in seconds, memory in KiB.

SYS = "/system.slice/"
SLICE = {"maria": "/user.slice/user-1000.slice/session-412.scope",
         "jonas": "/user.slice/user-1001.slice/session-398.scope"}
CONTAINER = "3f1d9c0be57a4286a1b7e0d2c94f6638e5510dab7c3f42e99a06b81d7724c0fe"


def at(text):
    """Seconds after boot of a moment."""
    return utc(text) - BOOT


# pid, ppid, user, state, name, cmdline, exe, threads, nice, rss KiB, user s, system s, started, cgroup, tty, fds
P = []


def proc(pid, ppid, user, name, cmd, exe, rss, cpu, start, cgroup, state="S", threads=1, nice=0, tty=0, swap=0,
         sockets=(), read=0, written=0, cwd="/", files=0, vsz=None):
    P.append(dict(pid=pid, ppid=ppid, user=user, name=name, cmd=cmd, exe=exe, rss=rss, cpu=cpu, start=start,
                  cgroup=cgroup, state=state, threads=threads, nice=nice, tty=tty, swap=swap, sockets=sockets,
                  read=read, written=written, cwd=cwd, files=files, vsz=vsz or rss * 4 + 8192))


def kthread(pid, name, cpu=(0, 0.2), state="I", nice=0):
    P.append(dict(pid=pid, ppid=0 if pid == 2 else 2, user="root", name=name, cmd="", exe=None, rss=0, cpu=cpu,
                  start=0.0, cgroup="/", state=state, threads=1, nice=nice, tty=0, swap=0, sockets=(), read=0,
                  written=0, cwd="/", files=0, vsz=0, kernel=True))


for pid, name, cpu, state, nice in [
        (2, "kthreadd", (0, 1.31), "S", 0), (3, "rcu_gp", (0, 0), "I", -20), (4, "rcu_par_gp", (0, 0), "I", -20),
        (11, "mm_percpu_wq", (0, 0), "I", -20), (13, "ksoftirqd/0", (0, 96.4), "S", 0), (14, "rcu_preempt", (0, 742.8), "I", 0),
        (16, "migration/0", (0, 21.7), "S", 0), (45, "kcompactd0", (0, 33.5), "S", 0), (47, "khugepaged", (0, 6.9), "S", 19),
        (88, "kswapd0", (0, 187.2), "S", 0), (211, "jbd2/nvme0n1p2-", (0, 402.6), "S", 0), (236, "xfsaild/nvme1n1", (0, 288.1), "S", 0),
        (30571, "kworker/u16:3-events_unbound", (0, 12.4), "I", 0), (31877, "kworker/2:1H-kblockd", (0, 3.2), "I", -20)]:
    kthread(pid, name, cpu, state, nice)

proc(1, 0, "root", "systemd", "/sbin/init", "/usr/lib/systemd/systemd", 13120, (88.2, 134.6), 0.5, "/init.scope", files=92, read=812 * MIB, written=96 * MIB)
proc(287, 1, "root", "systemd-journal", "/lib/systemd/systemd-journald", "/usr/lib/systemd/systemd-journald", 74216, (203.4, 96.1), 3.1, SYS + "systemd-journald.service", nice=-1, files=41, written=5321 * MIB)
proc(314, 1, "root", "systemd-udevd", "/lib/systemd/systemd-udevd", "/usr/bin/udevadm", 7012, (3.8, 8.2), 3.4, SYS + "systemd-udevd.service", files=18)
proc(641, 1, "messagebus", "dbus-daemon", "/usr/bin/dbus-daemon --system --address=systemd: --nofork --nopidfile --systemd-activation --syslog-only", "/usr/bin/dbus-daemon", 5240, (41.0, 17.9), 6.2, SYS + "dbus.service", sockets=(20011,), files=24)
proc(645, 1, "root", "cron", "/usr/sbin/cron -f", "/usr/sbin/cron", 2876, (4.1, 9.8), 6.2, SYS + "cron.service", files=5)
proc(652, 1, "root", "systemd-logind", "/lib/systemd/systemd-logind", "/usr/lib/systemd/systemd-logind", 8064, (12.2, 15.1), 6.3, SYS + "systemd-logind.service", files=31)
proc(655, 1, "root", "smartd", "/usr/sbin/smartd -n", "/usr/sbin/smartd", 6180, (1.9, 6.4), 6.3, SYS + "smartmontools.service", files=6)
proc(711, 1, "_chrony", "chronyd", "/usr/sbin/chronyd -F 1", "/usr/sbin/chronyd", 3524, (7.7, 22.3), 6.8, SYS + "chrony.service", sockets=(21001, 21002), files=9)
proc(718, 711, "_chrony", "chronyd", "/usr/sbin/chronyd -F 1", "/usr/sbin/chronyd", 2204, (0.0, 0.1), 6.8, SYS + "chrony.service", files=7)
proc(733, 1, "root", "agetty", "/sbin/agetty -o -p -- \\u --noclear tty1 linux", "/usr/sbin/agetty", 1832, (0.0, 0.0), 7.0, SYS + "system-getty.slice/getty@tty1.service", tty=4 << 8 | 1, files=3)
proc(802, 1, "root", "sshd", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", "/usr/sbin/sshd", 9312, (35.6, 21.0), 7.9, SYS + "ssh.service", sockets=(20101, 20102), files=7)
proc(815, 1, "root", "containerd", "/usr/bin/containerd", "/usr/bin/containerd", 52408, (3120.7, 2210.4), 8.1, SYS + "containerd.service", threads=14, files=22)
proc(948, 1, "root", "dockerd", "/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock", "/usr/sbin/dockerd", 98764, (1804.2, 911.7), 11.6, SYS + "docker.service", threads=19, files=38, swap=6144)
proc(1002, 1, "root", "fail2ban-server", "/usr/bin/python3 /usr/bin/fail2ban-server -xf start", "/usr/bin/python3.11", 41876, (1462.3, 327.9), 12.4, SYS + "fail2ban.service", threads=5, files=19, swap=3072)
proc(1010, 1, "redis", "redis-server", "/usr/bin/redis-server 127.0.0.1:6379", "/usr/bin/redis-server", 241664, (4921.5, 2214.9), 12.6, SYS + "redis-server.service", threads=5, sockets=(20301, 20302, 30401, 30403), files=15, written=1922 * MIB, cwd="/var/lib/redis")
proc(1021, 1, "prometheus", "prometheus", "/usr/bin/prometheus --storage.tsdb.retention.time=30d", "/usr/bin/prometheus", 687104, (15430.1, 2806.6), 12.9, SYS + "prometheus.service", threads=13, sockets=(20401,), files=57, read=8120 * MIB, written=20477 * MIB, swap=40960, cwd="/var/lib/prometheus")
proc(1024, 1, "prometheus", "prometheus-node", "/usr/bin/prometheus-node-exporter", "/usr/bin/prometheus-node-exporter", 24088, (1875.9, 1433.2), 12.9, SYS + "prometheus-node-exporter.service", threads=9, sockets=(20402,), files=10)
proc(1103, 1, "postgres", "postgres", "/usr/lib/postgresql/15/bin/postgres -D /var/lib/postgresql/15/main -c config_file=/etc/postgresql/15/main/postgresql.conf", "/usr/lib/postgresql/15/bin/postgres", 147552, (411.3, 288.8), 14.2, SYS + "postgresql@15-main.service", sockets=(20501, 20502, 20503), files=12, read=902 * MIB, cwd="/var/lib/postgresql/15/main")
for pid, title, rss, cpu, rd, wr in [(1110, "checkpointer", 2214912, (922.1, 1311.4), 12, 412310), (1111, "background writer", 398112, (120.4, 341.0), 0, 120455),
                                     (1113, "walwriter", 21188, (388.2, 902.7), 0, 288122), (1114, "autovacuum launcher", 9104, (61.3, 40.2), 4, 1),
                                     (1115, "logical replication launcher", 7020, (0.9, 0.7), 0, 0)]:
    proc(pid, 1103, "postgres", "postgres", f"postgres: 15/main: {title}", "/usr/lib/postgresql/15/bin/postgres", rss, cpu, 14.9, SYS + "postgresql@15-main.service", files=11, read=rd * MIB, written=wr * MIB, cwd="/var/lib/postgresql/15/main")
for pid, rss, cpu, start, sock, state in [(22841, 318440, (1021.6, 88.2), at("2026-10-29 04:10:12"), 30502, "S"), (22843, 274912, (640.0, 61.9), at("2026-10-29 04:10:12"), 30504, "S"),
                                          (28117, 163208, (97.3, 14.1), at("2026-11-01 06:31:50"), 30506, "S"), (28993, 401236, (2210.8, 301.7), at("2026-11-01 09:12:07"), 30508, "R")]:
    proc(pid, 1103, "postgres", "postgres", f"postgres: 15/main: shop shop 127.0.0.1({sock + 11000}) " + ("SELECT" if state == "R" else "idle"), "/usr/lib/postgresql/15/bin/postgres", rss, cpu, start, SYS + "postgresql@15-main.service", state=state, sockets=(sock,), files=34, read=2048 * MIB, cwd="/var/lib/postgresql/15/main")
proc(1208, 1, "Debian-exim", "exim4", "/usr/sbin/exim4 -bd -q30m", "/usr/sbin/exim4", 6740, (2.6, 7.1), 15.8, SYS + "exim4.service", sockets=(20601, 20602), files=8)
proc(1313, 1, "root", "nginx", "nginx: master process /usr/sbin/nginx -g daemon on; master_process on;", "/usr/sbin/nginx", 6452, (0.4, 0.9), 17.2, SYS + "nginx.service", sockets=(20701, 20702, 20703, 20704), files=14)
NG = [(26871, 21480, (812.9, 401.1), (30711, 30712, 30713, 30714)), (26872, 20964, (770.2, 388.6), (30715, 30716, 30717)),
      (26873, 21108, (791.8, 395.4), (30718, 30719)), (26874, 20312, (702.5, 351.9), (30720, 30721, 30722))]
for pid, rss, cpu, socks in NG:
    proc(pid, 1313, "www-data", "nginx", "nginx: worker process", "/usr/sbin/nginx", rss, cpu, at("2026-10-25 06:25:03"), SYS + "nginx.service", sockets=socks, files=26, written=811 * MIB)
proc(1340, 1, "root", "php-fpm8.2", "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)", "/usr/sbin/php-fpm8.2", 24912, (38.2, 19.4), 17.9, SYS + "php8.2-fpm.service", sockets=(20801,), files=9)
for pid, rss, cpu, start in [(29310, 61844, (44.9, 6.2), "2026-11-01 07:50:31"), (29355, 66120, (51.2, 7.7), "2026-11-01 08:14:09"), (29481, 58032, (12.3, 2.0), "2026-11-01 09:20:44")]:
    proc(pid, 1340, "www-data", "php-fpm8.2", "php-fpm: pool www", "/usr/sbin/php-fpm8.2", rss, cpu, at(start), SYS + "php8.2-fpm.service", files=10)
proc(1377, 1, "elastic", "java", "/usr/bin/java -Xms4g -Xmx4g -XX:+UseG1GC -Dsearch.path.home=/usr/share/search -cp /usr/share/search/lib/* org.search.bootstrap.Search", "/usr/lib/jvm/java-17-openjdk-amd64/bin/java", 5348220, (184210.7, 9231.5), 18.5, SYS + "search.service", threads=87, sockets=(20901, 20902), files=412, read=91822 * MIB, written=140208 * MIB, swap=204800, cwd="/usr/share/search", vsz=9128448)
proc(22790, 1, "deploy", "node", "node /srv/shop/current/server.js", "/usr/bin/node", 624880, (30112.4, 3108.9), at("2026-10-29 04:10:02"), SYS + "shop.service", threads=11, sockets=(21101, 30501, 30503, 30505, 30507, 30402, 30404), files=48, written=3311 * MIB, cwd="/srv/shop/current")
proc(22802, 22790, "deploy", "node", "node /srv/shop/current/worker.js --queue=mail", "/usr/bin/node", 212448, (2209.6, 310.2), at("2026-10-29 04:10:04"), SYS + "shop.service", threads=11, files=33, cwd="/srv/shop/current", swap=10240)
proc(19422, 1, "root", "containerd-shim", f"/usr/bin/containerd-shim-runc-v2 -namespace moby -id {CONTAINER} -address /run/containerd/containerd.sock", "/usr/bin/containerd-shim-runc-v2", 11852, (96.2, 144.8), at("2026-10-18 11:02:30"), SYS + "containerd.service", threads=12, files=13)
proc(19441, 19422, "root", "grafana server", "grafana server --homepath=/usr/share/grafana --config=/etc/grafana/grafana.ini", "/usr/share/grafana/bin/grafana", 174336, (2012.1, 402.7), at("2026-10-18 11:02:31"), SYS + f"docker-{CONTAINER}.scope", threads=16, files=20, cwd="/usr/share/grafana")
proc(30880, 802, "root", "sshd", "sshd: maria [priv]", "/usr/sbin/sshd", 10944, (0.1, 0.1), at("2026-11-01 08:02:40"), SLICE["maria"], sockets=(31001,), files=6)
proc(30902, 30880, "maria", "sshd", "sshd: maria@pts/0", "/usr/sbin/sshd", 6612, (0.6, 1.1), at("2026-11-01 08:02:41"), SLICE["maria"], sockets=(31001,), files=9)
proc(30903, 30902, "maria", "bash", "-bash", "/usr/bin/bash", 5188, (0.4, 0.3), at("2026-11-01 08:02:41"), SLICE["maria"], tty=136 << 8, files=4, cwd="/home/maria")
proc(31544, 30903, "maria", "vim", "vim nginx.conf", "/usr/bin/vim.basic", 13720, (2.2, 0.4), at("2026-11-01 09:41:18"), SLICE["maria"], tty=136 << 8, state="T", files=5, cwd="/etc/nginx")
proc(31760, 30903, "maria", "htop", "htop", "/usr/bin/htop", 5904, (3.9, 6.1), at("2026-11-01 09:52:30"), SLICE["maria"], tty=136 << 8, files=4, cwd="/home/maria")
proc(17230, 1, "jonas", "tmux: server", "tmux new -s train", "/usr/bin/tmux", 7416, (21.5, 9.3), at("2026-10-12 13:40:11"), SLICE["jonas"], files=11, cwd="/home/jonas")
proc(17231, 17230, "jonas", "zsh", "-zsh", "/usr/bin/zsh", 8120, (1.2, 0.8), at("2026-10-12 13:40:11"), SLICE["jonas"], tty=136 << 8 | 1, files=5, cwd="/home/jonas/recommender")
proc(29977, 17231, "jonas", "python3", "python3 train.py --epochs 40 --data /srv/datasets/clicks.parquet", "/usr/bin/python3.11", 3108452, (25318.6, 610.4), at("2026-11-01 05:21:33"), SLICE["jonas"], tty=136 << 8 | 1, state="R", threads=9, nice=5, files=17, read=61440 * MIB, written=1204 * MIB, cwd="/home/jonas/recommender")
proc(31102, 645, "root", "cron", "/usr/sbin/CRON -f", "/usr/sbin/cron", 3012, (0.0, 0.0), at("2026-11-01 08:30:01"), SYS + "cron.service", files=6)
proc(31105, 31102, "backup", "backup.sh", "/bin/sh /usr/local/bin/backup.sh /srv", "/usr/bin/dash", 1764, (0.1, 0.2), at("2026-11-01 08:30:01"), SYS + "cron.service", files=5, cwd="/var/backups")
proc(31133, 31105, "backup", "rsync", "rsync -a --delete /srv/ /mnt/backup/shop-1/", "/usr/bin/rsync", 45212, (402.2, 688.9), at("2026-11-01 08:30:04"), SYS + "cron.service", state="D", nice=10, files=8, read=188416 * MIB, written=1288 * MIB, cwd="/srv")
proc(31139, 31105, "backup", "gzip", "", None, 0, (12.1, 0.6), at("2026-11-01 08:30:06"), SYS + "cron.service", state="Z")
proc(31402, 1340, "www-data", "php-fpm8.2", "", None, 0, (0.7, 0.1), at("2026-11-01 09:33:12"), SYS + "php8.2-fpm.service", state="Z")
proc(25110, 1, "root", "unattended-upgr", "/usr/bin/python3 /usr/share/unattended-upgrades/unattended-upgrade-shutdown --wait-for-signal", "/usr/bin/python3.11 (deleted)", 21404, (0.3, 0.1), at("2026-10-21 06:12:55"), SYS + "unattended-upgrades.service", threads=2, files=7)
P.sort(key=lambda p: p["pid"])

MEMINFO = dict(MemTotal=32768000, MemFree=1873124, MemAvailable=17121408, Buffers=402816, Cached=15802340, SwapCached=31208, Active=9012448, Inactive=19230112,
               SwapTotal=8388604, SwapFree=7912444, Dirty=18332, Writeback=0, AnonPages=12002112, Mapped=3120448, Shmem=2288116, KReclaimable=911204, Slab=1204880,
               SReclaimable=911204, SUnreclaim=293676, CommitLimit=24772604, Committed_AS=21804232, HugePages_Total=0, HugePages_Free=0, Hugepagesize=2048)


def processes():
    for p in P:
        base = f"proc/{p['pid']}"
        kernel = p.get("kernel", False)
        uid, gid = UID[p["user"]], GID[p["user"]]
        flags = 0x00208040 if kernel else 0x00400000
        rss_pages = p["rss"] * KIB // PAGE
        user, system = (round(c * HZ) for c in p["cpu"])
        fields = [p["pid"], f"({p['name'][:63]})", p["state"], p["ppid"], p["pid"], p["pid"], p["tty"], -1, flags,
                  p["rss"] // 3 + RNG.randrange(900), 0, 0 if kernel else p["rss"] // 4000, 0, user, system, 0, 0, 20 + p["nice"],
                  p["nice"], p["threads"], 0, round(p["start"] * HZ), 0 if p["state"] == "Z" else p["vsz"] * KIB, rss_pages,
                  18446744073709551615, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 17, RNG.randrange(8), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        put(f"{base}/stat", " ".join(map(str, fields)) + "\n")
        status = f"Name:\t{p['name'][:15]}\nState:\t{p['state']}\nTgid:\t{p['pid']}\nPid:\t{p['pid']}\nPPid:\t{p['ppid']}\n"
        status += f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{gid}\t{gid}\t{gid}\t{gid}\n"
        if not kernel and p["state"] != "Z":
            shared = p["rss"] * 2 // 5
            status += f"VmRSS:\t{p['rss']} kB\nRssAnon:\t{p['rss'] - shared} kB\nRssFile:\t{shared} kB\nRssShmem:\t0 kB\nVmSwap:\t{p['swap']} kB\n"
        put(f"{base}/status", status + f"Threads:\t{p['threads']}\n")
        title = p["cmd"].startswith(("postgres:", "nginx:", "php-fpm:", "sshd:"))
        put(f"{base}/cmdline", p["cmd"] + "\0" if title else "".join(a + "\0" for a in p["cmd"].split(" ")) if p["cmd"] else "")
        put(f"{base}/cgroup", f"0::{p['cgroup']}\n")
        put(f"{base}/oom_score", f"{0 if kernel else 666 + p['rss'] * 333 // MEMINFO['MemTotal']}\n")
        put(f"{base}/io", f"rchar: 0\nwchar: 0\nread_bytes: {p['read']}\nwrite_bytes: {p['written']}\ncancelled_write_bytes: 0\n")
        if p["exe"]:
            link(f"{base}/exe", p["exe"])
        link(f"{base}/cwd", p["cwd"])
        for n, inode in enumerate(p["sockets"]):
            link(f"{base}/fd/{3 + n}", f"socket:[{inode}]")
        if not kernel and p["state"] != "Z" and not p["sockets"]:
            link(f"{base}/fd/0", "/dev/null")


# ---- sockets -------------------------------------------------------------------------------------
def hex4(address, port):
    a, b, c, d = (int(x) for x in address.split("."))
    return f"{d:02X}{c:02X}{b:02X}{a:02X}:{port:04X}"


def hex6(address, port):
    words = {"::": [0, 0, 0, 0], "::1": [0, 0, 0, 0x01000000],
             "2001:db8:4::21": [0xB80D0120, 0x00000400, 0, 0x21000000], "2001:db8:77::9": [0xB80D0120, 0x00007700, 0, 0x09000000]}[address]
    return "".join(f"{w:08X}" for w in words) + f":{port:04X}"


STATE = dict(EST=1, FIN2=5, TW=6, CW=8, LISTEN=10, UNCONN=7)
ME = "203.0.113.40"
TCP4 = [  # local, port, remote, port, state, uid, inode, tx, rx
    ("0.0.0.0", 22, "LISTEN", "root", 20101), ("0.0.0.0", 80, "LISTEN", "root", 20701), ("0.0.0.0", 443, "LISTEN", "root", 20703),
    ("127.0.0.1", 5432, "LISTEN", "postgres", 20501), ("127.0.0.1", 6379, "LISTEN", "redis", 20301), ("127.0.0.1", 25, "LISTEN", "root", 20601),
    ("127.0.0.1", 9090, "LISTEN", "prometheus", 20401), ("127.0.0.1", 3000, "LISTEN", "deploy", 21101), ("127.0.0.1", 9200, "LISTEN", "elastic", 20901)]
EST4 = [(ME, 443, f"198.51.100.{n}", 40000 + 137 * i, "www-data", 30711 + i) for i, n in enumerate([5, 5, 17, 23, 23, 23, 64, 91, 130, 201, 201, 244])]
EST4 += [("127.0.0.1", 5432, "127.0.0.1", 41500 + i * 2 + 2, "postgres", 30502 + 2 * i) for i in range(4)]
EST4 += [("127.0.0.1", 41500 + i * 2 + 2, "127.0.0.1", 5432, "deploy", 30501 + 2 * i) for i in range(4)]
EST4 += [("127.0.0.1", 6379, "127.0.0.1", 52110 + i, "redis", 30401 + 2 * i) for i in range(2)]
EST4 += [("127.0.0.1", 52110 + i, "127.0.0.1", 6379, "deploy", 30402 + 2 * i) for i in range(2)]
EST4 += [(ME, 22, "198.51.100.23", 51514, "root", 31001)]


def sockets():
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    rows = []

    def row(local, remote, state, user, inode, tx=0, rx=0):
        rows.append(f"{len(rows):4d}: {local} {remote} {STATE[state]:02X} {tx:08X}:{rx:08X} 00:00000000 00000000 {UID[user]:5d}        0 {inode} 1 0000000000000000 100 0 0 10 0\n")

    for address, port, state, user, inode in TCP4:
        row(hex4(address, port), hex4("0.0.0.0", 0), state, user, inode)
    for i, (la, lp, ra, rp, user, inode) in enumerate(EST4):
        row(hex4(la, lp), hex4(ra, rp), "EST", user, inode, tx=14480 if i == 6 else 0)
    for i in range(6):
        row(hex4(ME, 443), hex4(f"198.51.100.{30 + i}", 52000 + i), "TW", "root", 0)
    row(hex4(ME, 443), hex4("198.51.100.77", 50222), "CW", "www-data", 0, rx=1)
    row(hex4(ME, 443), hex4("198.51.100.78", 50311), "FIN2", "root", 0)
    put("proc/net/tcp", head + "".join(rows))
    rows.clear()
    for address, port, user, inode in [("::", 22, "root", 20102), ("::", 80, "root", 20702), ("::", 443, "root", 20704), ("::1", 5432, "postgres", 20502),
                                       ("::1", 6379, "redis", 20302), ("::1", 25, "root", 20602), ("::", 9100, "prometheus", 20402), ("::1", 9300, "elastic", 20902)]:
        row(hex6(address, port), hex6("::", 0), "LISTEN", user, inode)
    row(hex6("2001:db8:4::21", 443), hex6("2001:db8:77::9", 60112), "EST", "www-data", 30723)
    put("proc/net/tcp6", head + "".join(rows))
    rows.clear()
    row(hex4("127.0.0.1", 323), hex4("0.0.0.0", 0), "UNCONN", "_chrony", 21001)
    row(hex4(ME, 41921), hex4("192.0.2.123", 123), "EST", "_chrony", 21003)
    put("proc/net/udp", head + "".join(rows))
    rows.clear()
    row(hex6("::1", 323), hex6("::", 0), "UNCONN", "_chrony", 21002)
    put("proc/net/udp6", head + "".join(rows))
    unix = [("/run/systemd/private", 1, 20001), ("/run/systemd/journal/stdout", 1, 20002), ("/run/dbus/system_bus_socket", 1, 20011), ("/run/docker.sock", 1, 20012),
            ("/run/containerd/containerd.sock", 1, 20013), ("/run/php/php8.2-fpm.sock", 1, 20801), ("/var/run/postgresql/.s.PGSQL.5432", 1, 20503),
            ("/run/fail2ban/fail2ban.sock", 1, 20014), ("@/tmp/.X11-unix/none", 1, 20015), ("/run/systemd/journal/dev-log", 0, 20003), ("/run/systemd/notify", 0, 20004)]
    text = "Num       RefCount Protocol Flags    Type St Inode Path\n"
    for path, listens, inode in unix:
        text += f"0000000000000000: 00000002 00000000 {'00010000' if listens else '00000000'} {'0001' if listens else '0002'} 01 {inode:5d} {path}\n"
    for inode in range(20050, 20064):
        text += f"0000000000000000: 00000003 00000000 00000000 0001 03 {inode:5d}\n"
    put("proc/net/unix", text)


# ---- filesystems ---------------------------------------------------------------------------------
DISKS = [  # device, mount point, type, major:minor, size, used, available, inodes, inodes used, options
    ("udev", "/dev", "devtmpfs", "0:5", 16372 * MIB, 0, 16372 * MIB, 4093000, 512, "rw,nosuid,relatime"),
    ("tmpfs", "/run", "tmpfs", "0:24", 3200 * MIB, 2 * MIB + 311296, 3197 * MIB, 4096000, 1188, "rw,nosuid,nodev,noexec,relatime"),
    ("/dev/nvme0n1p2", "/", "ext4", "259:2", 58 * GIB, 26 * GIB + 411 * MIB, 28 * GIB + 700 * MIB, 3833856, 412277, "rw,relatime"),
    ("tmpfs", "/dev/shm", "tmpfs", "0:27", 16000 * MIB, 38 * MIB, 15962 * MIB, 4096001, 9, "rw,nosuid,nodev"),
    ("/dev/nvme0n1p1", "/boot/efi", "vfat", "259:1", 511 * MIB, 5 * MIB + 946176, 505 * MIB, 0, 0, "rw,relatime"),
    ("/dev/nvme0n1p3", "/home", "ext4", "259:3", 196 * GIB, 71 * GIB + 96 * MIB, 115 * GIB, 13107200, 288410, "rw,nosuid,nodev,relatime"),
    ("/dev/nvme1n1", "/var/lib/postgresql", "xfs", "259:4", 447 * GIB, 318 * GIB + 512 * MIB, 128 * GIB + 512 * MIB, 234356736, 31877, "rw,noatime"),
    ("/dev/mapper/data-srv", "/srv", "ext4", "253:0", 917 * GIB, 851 * GIB + 204 * MIB, 19 * GIB + 340 * MIB, 61046784, 2914402, "rw,relatime"),
    ("/dev/sr0", "/mnt/install", "iso9660", "11:0", 3796 * MIB, 3796 * MIB, 0, 0, 0, "ro,relatime"),
    ("nas.example.net:/export/backup", "/mnt/backup", "nfs4", "0:52", 5520 * GIB, 4529 * GIB, 991 * GIB, 183148032, 7410336, "rw,relatime"),
    ("overlay", "/var/lib/docker/overlay2/9c1e/merged", "overlay", "0:61", 58 * GIB, 26 * GIB + 411 * MIB, 28 * GIB + 700 * MIB, 3833856, 412277, "rw,relatime"),
    ("tmpfs", "/run/user/1000", "tmpfs", "0:66", 3199 * MIB, 48 * KIB, 3198 * MIB, 819000, 31, "rw,nosuid,nodev,relatime"),
]
PSEUDO = [("sysfs", "/sys", "sysfs", "0:21"), ("proc", "/proc", "proc", "0:22"), ("devpts", "/dev/pts", "devpts", "0:23"),
          ("cgroup2", "/sys/fs/cgroup", "cgroup2", "0:26"), ("debugfs", "/sys/kernel/debug", "debugfs", "0:7")]


def mounts():
    lines, recorded = [], []
    for i, (device, point, fs, dev, *rest) in enumerate(DISKS + [p + (0, 0, 0, 0, 0, "rw,relatime") for p in PSEUDO]):
        lines.append(f"{25 + i} 1 {dev} / {point} {rest[5]} shared:{i} - {fs} {device} {rest[5].split(',')[0]}\n")
    lines.append("60 30 259:3 /jonas/data /srv/datasets rw,relatime shared:90 - ext4 /dev/nvme0n1p3 rw\n")  # a bind mount
    put("proc/self/mountinfo", "".join(lines))
    for device, point, fs, dev, size, used, available, inodes, inodes_used, options in DISKS:
        unit = 4096
        blocks, b_used, b_available = size // unit, used // unit, available // unit
        recorded.append(f"statvfs\t{point}\t{unit} {blocks} {blocks - b_used} {b_available} {inodes} {inodes - inodes_used}")
    return recorded


# ---- services ------------------------------------------------------------------------------------
def service_rows():
    running = [  # unit, pid, started, memory, tasks, cpu s, file state, user, description
        ("systemd-journald", 287, 3.1, 98 * MIB, 1, 311.2, "static", "", "Journal Service"), ("systemd-udevd", 314, 3.4, 21 * MIB, 1, 14.4, "static", "", "Rule-based Manager for Device Events and Files"),
        ("dbus", 641, 6.2, 6 * MIB, 1, 60.3, "static", "", "D-Bus System Message Bus"), ("cron", 645, 6.2, 1288 * MIB, 5, 1822.7, "enabled", "", "Regular background program processing daemon"),
        ("systemd-logind", 652, 6.3, 9 * MIB, 1, 28.9, "static", "", "User Login Management"), ("smartmontools", 655, 6.3, 4 * MIB, 1, 8.3, "enabled", "", "Self Monitoring and Reporting Technology (SMART) Daemon"),
        ("chrony", 711, 6.8, 5 * MIB, 2, 30.4, "enabled", "", "chrony, an NTP client/server"), ("getty@tty1", 733, 7.0, 1 * MIB, 1, 0.0, "enabled", "", "Getty on tty1"),
        ("ssh", 802, 7.9, 31 * MIB, 1, 412.9, "enabled", "", "OpenBSD Secure Shell server"), ("containerd", 815, 8.1, 122 * MIB, 26, 5611.0, "enabled", "", "containerd container runtime"),
        ("docker", 948, 11.6, 211 * MIB, 19, 2801.4, "enabled", "", "Docker Application Container Engine"), ("fail2ban", 1002, 12.4, 58 * MIB, 5, 1799.6, "enabled", "", "Fail2Ban Service"),
        ("redis-server", 1010, 12.6, 262 * MIB, 5, 7139.8, "enabled", "redis", "Advanced key-value store"), ("prometheus", 1021, 12.9, 2811 * MIB, 13, 18240.5, "enabled", "prometheus", "Monitoring system and time series database"),
        ("prometheus-node-exporter", 1024, 12.9, 32 * MIB, 9, 3311.8, "enabled", "prometheus", "Prometheus exporter for machine metrics"),
        ("postgresql@15-main", 1103, 14.2, 6644 * MIB, 10, 9120.2, "enabled-runtime", "", "PostgreSQL Cluster 15-main"), ("exim4", 1208, 15.8, 12 * MIB, 1, 31.1, "generated", "", "LSB: exim Mail Transport Agent"),
        ("nginx", 1313, 17.2, 118 * MIB, 5, 4711.7, "enabled", "", "A high performance web server and a reverse proxy server"),
        ("php8.2-fpm", 1340, 17.9, 244 * MIB, 5, 6002.3, "enabled", "", "The PHP 8.2 FastCGI Process Manager"), ("search", 1377, 18.5, 7120 * MIB, 87, 193460.9, "enabled", "elastic", "Product search"),
        ("shop", 22790, at("2026-10-29 04:10:02"), 901 * MIB, 22, 36011.4, "enabled", "deploy", "Shop web application"),
        ("unattended-upgrades", 25110, at("2026-10-21 06:12:55"), 22 * MIB, 2, 0.5, "enabled", "", "Unattended Upgrades Shutdown"),
        ("user@1000", 30884, at("2026-11-01 08:02:40"), 11 * MIB, 2, 0.4, "static", "1000", "User Manager for UID 1000")]
    exited = [("networking", "enabled", "Raise network interfaces"), ("apparmor", "enabled", "Load AppArmor profiles"), ("console-setup", "enabled", "Set console font and keymap"),
              ("keyboard-setup", "enabled", "Set the console keyboard layout"), ("kmod-static-nodes", "static", "Create List of Static Device Nodes"), ("postgresql", "enabled", "PostgreSQL RDBMS"),
              ("systemd-modules-load", "static", "Load Kernel Modules"), ("systemd-random-seed", "static", "Load/Save Random Seed"), ("systemd-sysctl", "static", "Apply Kernel Variables"),
              ("systemd-tmpfiles-setup", "static", "Create Volatile Files and Directories"), ("systemd-update-utmp", "static", "Record System Boot/Shutdown in UTMP"),
              ("systemd-user-sessions", "static", "Permit User Sessions"), ("ufw", "enabled", "Uncomplicated firewall"), ("lvm2-monitor", "enabled", "Monitoring of LVM2 mirrors, snapshots etc.")]
    inactive = [("apt-daily", "static", "Daily apt download activities"), ("apt-daily-upgrade", "static", "Daily apt upgrade and clean activities"), ("e2scrub_reap", "enabled", "Remove Stale Online ext4 Metadata Check Snapshots"),
                ("fstrim", "static", "Discard unused blocks on filesystems"), ("logrotate", "static", "Rotate log files"), ("man-db", "static", "Daily man-db regeneration"),
                ("nfs-blkmap", "disabled", "pNFS block layout mapping daemon"), ("rpcbind", "disabled", "RPC bind portmap service"), ("rsync", "disabled", "fast remote file copy program daemon"),
                ("systemd-timesyncd", "disabled", "Network Time Synchronization"), ("sysstat", "enabled", "Resets System Activity Logs"), ("rescue", "static", "Rescue Shell"),
                ("emergency", "static", "Emergency Shell"), ("debug-shell", "disabled", "Early root shell on /dev/tty9 FOR DEBUGGING ONLY"), ("mdadm-shutdown", "disabled", "Prepare mdadm shutdown initramfs"),
                ("x11-common", "masked", "")]
    failed = [("certbot", "static", "Certbot", 1, "2026-11-01 00:00:09"), ("backup-offsite", "enabled", "Copy backups off site", 12, "2026-11-01 02:15:00"),
              ("prometheus-alertmanager", "enabled", "Alertmanager for prometheus", 203, "2026-10-31 22:41:16")]
    rows = []

    def row(unit, load, active, sub, file_state, pid, started, memory, tasks, cpu, restarts, exit_status, user, path, description):
        values = [load, active, sub, file_state, pid, started, memory, tasks, cpu, restarts, exit_status, user, path, description]
        rows.append(f"unit\t{unit}.service\t" + "\t".join("-" if v in ("", None) else str(v) for v in values))

    for unit, pid, start, memory, tasks, cpu, state, user, text in running:
        row(unit, "loaded", "active", "running", state, pid, round((BOOT + start) * 1e6), memory, tasks, round(cpu * 1e9), 3 if unit == "shop" else 0, 0, user,
            f"/lib/systemd/system/{unit.split('@')[0] + '@' if '@' in unit else unit}.service", text)
    for i, (unit, state, text) in enumerate(exited):
        row(unit, "loaded", "active", "exited", state, None, round((BOOT + 2.1 + i * 0.4) * 1e6), None, None, None, 0, 0, "", f"/lib/systemd/system/{unit}.service", text)
    for unit, state, text in inactive:
        row(unit, "masked" if state == "masked" else "loaded", "inactive", "dead", state, None, None, None, None, None, 0, 0, "", "" if state == "masked" else f"/lib/systemd/system/{unit}.service", text)
    for unit, state, text, status, when in failed:
        row(unit, "loaded", "failed", "failed", state, None, None, None, None, None, 5 if unit.startswith("prom") else 0, status, "", f"/lib/systemd/system/{unit}.service", text)
    return rows


# ---- journal -------------------------------------------------------------------------------------
def journal():
    entries = []

    def add(when, program, priority, message, pid=None, unit=None, uid=0, about=None):
        entries.append((when, program, priority, message, pid, unit, uid, about))

    day = 86400
    for d in range(4):  # what every day brings
        midnight = NOW - NOW % day - d * day
        for hour in range(24):
            when = midnight + hour * 3600 + 17 * 60 + 1
            if when <= NOW:
                add(when, "CRON", 6, "(root) CMD (cd / && run-parts --report /etc/cron.hourly)", 12000 + d * 24 + hour, "cron.service")
        if midnight + 2 * 3600 <= NOW:
            add(midnight + 6 * 3600 + 120, "systemd", 6, "Starting apt-daily.service - Daily apt download activities...", 1, "init.scope", about="apt-daily.service")
            add(midnight + 6 * 3600 + 124, "systemd", 6, "apt-daily.service: Deactivated successfully.", 1, "init.scope", about="apt-daily.service")
            add(midnight + 600, "systemd", 6, "Starting logrotate.service - Rotate log files...", 1, "init.scope", about="logrotate.service")
            add(midnight + 601, "systemd", 6, "Finished logrotate.service - Rotate log files.", 1, "init.scope", about="logrotate.service")
        for i in range(9):
            when = midnight + RNG.randrange(day)
            if when <= NOW:
                source = f"192.0.2.{RNG.randrange(2, 250)}"
                name = RNG.choice(["admin", "test", "oracle", "ubuntu"])
                add(when, "sshd", 6, f"Failed password for invalid user {name} from {source} port {RNG.randrange(30000, 60000)} ssh2", 9000 + d * 100 + i, "ssh.service")
                add(when + 1, "fail2ban.actions", 5, f"[sshd] Ban {source}", 1002, "fail2ban.service")
    add(utc("2026-11-01 08:02:40"), "sshd", 6, "Accepted publickey for maria from 198.51.100.23 port 51514 ssh2: ED25519 SHA256:q3Yh0eJ1Zl0mQ0s6o1xwzZyT0u8b8nJm2n0c7w1VfXk", 30880, "ssh.service")
    add(utc("2026-10-31 17:45:02"), "sshd", 6, "Accepted publickey for jonas from 198.51.100.87 port 40822 ssh2: ED25519 SHA256:Hc7bq0yX9bJ2m1w0F4d7pU1tP6kJ3v0s9L2n8R5aQeo", 28010, "ssh.service")
    add(utc("2026-10-30 14:20:54"), "sshd", 6, "Accepted publickey for deploy from 192.0.2.10 port 33810 ssh2: RSA SHA256:zV1x9n0cT8kq2m3J7s6w5bQ4e0r1t2y3u4i5o6p7a8s", 25770, "ssh.service")
    add(utc("2026-11-01 09:41:02"), "sudo", 5, "   maria : TTY=pts/0 ; PWD=/home/maria ; USER=root ; COMMAND=/usr/sbin/nginx -t", 31540, "session-412.scope", 1000)
    add(utc("2026-11-01 09:12:44"), "sudo", 1, "   jonas : user NOT in sudoers ; TTY=pts/1 ; PWD=/home/jonas ; USER=root ; COMMAND=/usr/bin/apt install cuda", 31011, "session-398.scope", 1001)
    add(utc("2026-11-01 00:00:09"), "certbot", 3, "Failed to renew certificate shop.example.net with error: Could not bind TCP port 80", 30112, "certbot.service")
    add(utc("2026-11-01 00:00:09"), "systemd", 4, "certbot.service: Main process exited, code=exited, status=1/FAILURE", 1, "init.scope", about="certbot.service")
    add(utc("2026-11-01 00:00:09"), "systemd", 3, "Failed to start certbot.service - Certbot.", 1, "init.scope", about="certbot.service")
    add(utc("2026-11-01 02:15:00"), "systemd", 3, "Failed to start backup-offsite.service - Copy backups off site.", 1, "init.scope", about="backup-offsite.service")
    add(utc("2026-10-31 22:41:16"), "systemd", 3, "prometheus-alertmanager.service: Failed at step EXEC spawning /usr/bin/prometheus-alertmanager: No such file or directory", 1, "init.scope", about="prometheus-alertmanager.service")
    add(utc("2026-10-31 22:41:16"), "systemd", 3, "Failed to start prometheus-alertmanager.service - Alertmanager for prometheus.", 1, "init.scope", about="prometheus-alertmanager.service")
    add(utc("2026-11-01 04:44:31"), "kernel", 2, "nvme nvme1: Device: critical medium error, sector 88125440", None, None)
    add(utc("2026-10-30 03:10:12"), "kernel", 4, "TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.", None, None)
    add(utc("2026-10-29 23:58:07"), "kernel", 3, "Out of memory: Killed process 22119 (node) total-vm:2911044kB, anon-rss:1840112kB", None, None)
    add(utc("2026-11-01 09:12:58"), "postgres", 4, "2026-11-01 09:12:58 UTC [28993] shop@shop LOG:  temporary file: path \"base/pgsql_tmp/pgsql_tmp28993.0\", size 402653184", 28993, "postgresql@15-main.service", 103)
    add(utc("2026-10-31 11:30:21"), "postgres", 3, "2026-10-31 11:30:21 UTC [26610] shop@shop ERROR:  deadlock detected", 26610, "postgresql@15-main.service", 103)
    add(utc("2026-11-01 08:55:12"), "shop", 4, "slow request: GET /search?q=lamp took 4.2 s", 22790, "shop.service", 1002)
    add(utc("2026-11-01 09:31:40"), "shop", 3, "payment provider timed out after 10 s (order 88213)", 22790, "shop.service", 1002)
    add(utc("2026-11-01 09:33:12"), "shop", 3, "payment provider timed out after 10 s (order 88217)", 22790, "shop.service", 1002)
    add(utc("2026-10-31 06:14:10"), "unattended-upgrade", 6, "Packages that were upgraded: libssl3 openssl", 29001, "apt-daily-upgrade.service")
    add(utc("2026-11-01 09:59:12"), "nginx", 4, "upstream response is buffered to a temporary file while reading upstream, client: 198.51.100.201", 26872, "nginx.service", 33)
    entries.sort(key=lambda e: e[0])
    text = []
    for i, (when, program, priority, message, pid, unit, uid, about) in enumerate(entries):
        fields = [f"__CURSOR=s=1;i={i + 1:x}", f"__REALTIME_TIMESTAMP={when * 1000000 + RNG.randrange(1000000)}", f"PRIORITY={priority}", f"SYSLOG_IDENTIFIER={program}",
                  f"_HOSTNAME={HOST}", f"MESSAGE={message}"]
        if pid:
            fields += [f"_PID={pid}", f"_UID={uid}"]
        else:
            fields.append("_TRANSPORT=kernel")
        if unit:
            fields.append(f"_SYSTEMD_UNIT={unit}")
        if about:
            fields.append(f"UNIT={about}")
        text.append("\n".join(fields) + "\n\n")
    put("journal.export", "".join(text))


# ---- packages --------------------------------------------------------------------------------------
def packages():
    recent = {"libssl3": "2026-10-31 06:14:02", "openssl": "2026-10-31 06:14:05", "nginx": "2026-10-25 06:24:40", "nginx-common": "2026-10-25 06:24:31", "tmux": "2026-10-12 12:58:20",
              "jq": "2026-10-28 09:03:44", "postgresql-15": "2026-10-06 09:10:51", "postgresql-client-15": "2026-10-06 09:10:40"}
    paragraphs, mtimes = [], []
    with open(os.path.join(HERE, "hosttree.packages.tsv"), encoding="utf-8") as f:
        lines = [line.rstrip("\n").split("\t") for line in f if not line.startswith("#")]
    for name, version, arch, size, section, priority, source, same, summary in lines:
        status = "hold ok installed" if name in ("docker.io", "postgresql-15") else "install ok half-configured" if name == "prometheus-alertmanager" else "install ok installed"
        p = f"Package: {name}\nStatus: {status}\nPriority: {priority}\nSection: {section}\nInstalled-Size: {size}\nMaintainer: Debian Maintainers <packages@lists.debian.example>\nArchitecture: {arch}\n"
        if same == "1":
            p += "Multi-Arch: same\n"
        if priority == "required" and section in ("admin", "utils", "shells") and name in ("bash", "coreutils", "dash", "debianutils", "diffutils", "dpkg", "findutils", "grep", "gzip", "hostname", "init-system-helpers", "login", "sed", "tar", "util-linux", "base-files", "base-passwd", "bsdutils", "ncurses-base", "ncurses-bin", "perl-base", "sysvinit-utils", "libc-bin"):
            p += "Essential: yes\n"
        if source:
            p += f"Source: {source}\n"
        paragraphs.append(p + f"Version: {version}\nDescription: {summary}\n A longer text about {name}.\n .\n It goes on over several lines.\n")
        when = utc(recent[name]) if name in recent else utc("2025-07-14 10:02:11") + RNG.randrange(900) if priority in ("required", "important") else utc("2025-07-14 10:20:00") + RNG.randrange(380 * 86400)
        mtimes.append(f"mtime\tvar/lib/dpkg/info/{name}{':' + arch if same == '1' else ''}.list\t{when}")
    paragraphs.append("Package: apache2-bin\nStatus: deinstall ok config-files\nPriority: optional\nSection: httpd\nInstalled-Size: 5424\nArchitecture: amd64\nVersion: 2.4.62-1~deb12u1\nDescription: removed, its configuration is left\n")
    put("var/lib/dpkg/status", "\n".join(paragraphs))
    return mtimes


def machine():
    put("proc/uptime", f"{UPTIME}.00 {UPTIME * 6}.42\n")
    put("proc/loadavg", "2.84 2.31 1.97 3/612 31790\n")
    put("proc/sys/kernel/hostname", HOST + "\n")
    put("proc/sys/kernel/osrelease", "6.1.0-27-amd64\n")
    cpu = "".join(f"cpu{n} {u} {n * 1000 + 220} {s} {i} {w} 0 {q} 0 0 0\n" for n, (u, s, i, w, q) in enumerate(
        [(61210422, 18211004, 265310778, 1210442, 811203), (58120311, 17002213, 270114420, 980112, 402210), (40210998, 12100455, 293011204, 812004, 300112), (38110445, 11890412, 295811231, 790221, 288123),
         (88210334, 15002110, 241110900, 1502118, 210443), (35010221, 10811998, 299812200, 701220, 250118), (33900100, 10200334, 301990112, 688120, 240002), (31240998, 9912003, 305012334, 640220, 199211)]))
    put("proc/stat", "cpu  386013829 3780 105130529 2272173179 7324457 0 2701422 0 0 0\n" + cpu + f"intr 1\nctxt 91220115\nbtime {BOOT}\nprocesses 31790\nprocs_running 3\nprocs_blocked 1\n")
    put("proc/meminfo", "".join(f"{k + ':':<16}{v:8d}{'' if k.startswith('HugePages') else ' kB'}\n" for k, v in MEMINFO.items()))
    info = ""
    for n in range(8):
        info += f"processor\t: {n}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel name\t: Intel(R) Xeon(R) E-2336 CPU @ 2.90GHz\ncpu MHz\t\t: {2900 + (n * 137) % 1500}.{n}00\ncache size\t: 12288 KB\nphysical id\t: 0\nsiblings\t: 8\ncore id\t\t: {n % 4}\ncpu cores\t: 4\nflags\t\t: fpu vme de pse tsc msr pae mce cx8 sse sse2 avx avx2 aes\n\n"
    put("proc/cpuinfo", info)
    put("sys/class/dmi/id/sys_vendor", "Dell Inc.\n")
    put("sys/class/dmi/id/product_name", "PowerEdge T150\n")
    put("sys/class/dmi/id/product_serial", "7XK0F33\n")
    put("etc/machine-id", "5b1f0c2e9d7a4f1c8e3b6a2d4c5e6f70\n")
    put("etc/timezone", "Etc/UTC\n")
    put("usr/lib/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n')
    link("etc/os-release", "../usr/lib/os-release")
    put("etc/passwd", "".join(f"{n}:x:{u}:{g}:{t}:{h}:{s}\n" for n, u, g, t, h, s in USERS))
    put("etc/group", "".join(f"{n}:x:{g}:{m}\n" for n, g, m in GROUPS))
    # No hashes: "$y$" alone says that there is one.
    shadow = {"root": "*", "maria": "$y$recorded", "jonas": "$y$recorded", "deploy": "!", "erin": "$y$recorded", "old-intern": "!$y$recorded"}
    put("etc/shadow", "".join(f"{n}:{shadow.get(n, '*')}:{20283 + u % 700}:0:99999:7::{20400 if n == 'old-intern' else ''}:\n" for n, u, *_ in USERS))


def interfaces():
    rows = [("lo", 881204412, 2201433, 881204412, 2201433, "unknown", 772, 65536, "00:00:00:00:00:00", None, False, "127.0.0.1/8 ::1/128"),
            ("eno1", 912844120377, 811204433, 2210448120091, 1733120442, "up", 1, 1500, "d0:94:66:5c:1a:40", 1000, True, "203.0.113.40/26 2001:db8:4::21/64 fe80::d294:66ff:fe5c:1a40/64"),
            ("eno2", 0, 0, 0, 0, "down", 1, 1500, "d0:94:66:5c:1a:41", -1, True, ""),
            ("docker0", 44120338, 120443, 61120447, 133120, "up", 1, 1500, "02:42:8f:11:0c:2e", -1, False, "172.17.0.1/16")]
    text = "Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n"
    recorded = []
    for name, rb, rp, tb, tp, state, kind, mtu, mac, speed, device, addresses in rows:
        text += f"{name:>6}: {rb} {rp} 0 {812 if name == 'eno1' else 0} 0 0 0 0 {tb} {tp} 0 0 0 0 0 0\n"
        base = f"sys/class/net/{name}"
        put(f"{base}/operstate", state + "\n")
        put(f"{base}/type", f"{kind}\n")
        put(f"{base}/mtu", f"{mtu}\n")
        put(f"{base}/address", mac + "\n")
        if speed is not None:
            put(f"{base}/speed", f"{speed}\n")
        if device:
            put(f"{base}/device/uevent", "DRIVER=tg3\n")
        if name == "docker0":
            put(f"{base}/bridge/bridge_id", "8000.02428f110c2e\n")
        if addresses:
            recorded.append(f"address\t{name}\t" + addresses.replace(" ", "\t"))
    put("proc/net/dev", text)
    return recorded


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    processes()
    sockets()
    machine()
    journal()
    lines = ["# Made by tests/data/make-hosttree.py; docs/host.md describes the format.", "recording\tversion\t1", f"machine\tnow_us\t{NOW * 1000000}", f"machine\tclock_ticks\t{HZ}",
             f"machine\tpage_size\t{PAGE}", "machine\tarchitecture\tx86_64", "machine\tutc_offset_s\t0"]
    lines += mounts() + interfaces() + service_rows() + packages()
    lines += [f"lastlog\t{UID[name]}\t{utc(when)}\t{where}" for name, when, where in LASTLOG]
    put("recorded.tsv", "\n".join(lines) + "\n")


main()
