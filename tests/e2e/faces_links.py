"""Two test faces that speak a protocol: over stdin and stdout, and on a listening socket with several principals."""
import json
import os
import signal
import socket
import subprocess
import threading
import time

from common_cli import ALLORA, SLOW, check, done, equal, failures, room, surroundings

PLUGINS = os.environ["BUILD_DIR"] + "/tests/plugins"
HOST = os.environ.get("FACES_HOST", "direct")
SLOW_SQL = "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c"
WORLD = room + "/world"
CONFIG = room + "/config.yaml"
with open(WORLD, "w") as f:
    f.write("hall off 1 0\n")
with open(CONFIG, "w") as f:
    f.write(f"commands: {{lamp: {{world: {WORLD}}}}}\n")


def path(*names):
    return ":".join(f"{PLUGINS}/{name}.so" for name in names)


def environment():
    return surroundings(ALLORA_PLUGINS__HOST=None if HOST == "direct" else HOST)


def start(*args, plugins):
    return subprocess.Popen([ALLORA, "--config", CONFIG, "--plugin-path", path(*plugins, "lamp"), *args], env=environment(),
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def end(p, what, code=0):
    try:
        out, err = p.communicate(timeout=30 * SLOW)
    except subprocess.TimeoutExpired:
        failures.append(f"{what}: no end")
        p.kill()
        out, err = p.communicate()
    check(f"{what}: exit code", p.returncode == code, (p.returncode, err[-1000:]))
    check(f"{what}: clean", b"Sanitizer" not in err and b"runtime error" not in err and b"MISBEHAVING" not in err, err[-2000:])
    return out


class Peer:
    """Sends requests, and hands answers and events out by id, in whatever order they come."""

    def __init__(self, reader, writer, token=None):
        self.reader, self.writer, self.token = reader, writer, token
        self.lock = threading.Condition()
        self.answers, self.events, self.ended, self.strange = {}, {}, False, []
        self.last = 0
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        try:
            for line in self.reader:
                try:
                    doc = json.loads(line)
                except ValueError:
                    self.strange.append(line)
                    continue
                with self.lock:
                    if "event" in doc:
                        self.events.setdefault(doc["id"], []).append(doc["event"])
                    else:
                        self.answers[doc.get("id")] = doc
                    self.lock.notify_all()
        except OSError:
            pass
        with self.lock:
            self.ended = True
            self.lock.notify_all()

    def send(self, method, token=None, **params):
        self.last += 1
        doc = {"id": self.last, "method": method, "params": params}
        if token or self.token:
            doc["token"] = token or self.token
        self.raw(doc)
        return self.last

    def raw(self, doc):
        self.writer.write(json.dumps(doc).encode() + b"\n")
        self.writer.flush()

    def wait(self, id, timeout=30):
        with self.lock:
            if not self.lock.wait_for(lambda: id in self.answers or self.ended, timeout * SLOW) or id not in self.answers:
                return {"error": {"name": "no answer"}}
            return self.answers[id]

    def ask(self, method, **params):
        return self.wait(self.send(method, **params))

    def wait_events(self, id, n, timeout=30):
        with self.lock:
            self.lock.wait_for(lambda: len(self.events.get(id, [])) >= n or self.ended, timeout * SLOW)
            return list(self.events.get(id, []))


def name(answer):
    return answer.get("error", {}).get("name", "ok")


# ---- over stdin and stdout ----
p = start("pipes", plugins=["pipes"])
peer = Peer(p.stdout, p.stdin)
rows = peer.ask("catalogue", glob="query.*").get("result", {}).get("rows", [])
check("the catalogue", any(row[0] == "query.sql" for row in rows), rows)
equal("a call", peer.ask("call", operation="query.sql", arguments={"sql": "select 6*7 as x"}).get("result", {}).get("rows"), [[42]])
equal("no such operation", name(peer.ask("call", operation="no.such")), "not_found")
check("bad arguments", name(peer.ask("call", operation="query.sql", arguments={"sq": 1})) not in ("ok", "no answer"))
equal("no such method", peer.ask("dance")["error"]["message"], "no method dance")
peer.raw({"method": "call"})
equal("a request without an id", peer.wait(None).get("error", {}).get("message"), "a request has an id")
slow = [peer.send("call", operation="query.sql", arguments={"sql": SLOW_SQL}) for _ in range(2)]
quick = [peer.send("call", operation="query.sql", arguments={"sql": f"select {i} as x"}) for i in range(20)]
for i, id in enumerate(quick):
    equal("in parallel with slow ones", peer.wait(id).get("result", {}).get("rows"), [[i]])
peer.raw({"method": "cancel", "params": {"id": slow[0]}})
equal("the one that was cancelled", name(peer.wait(slow[0])), "cancelled")
check("the other runs on", slow[1] not in peer.answers, peer.answers.get(slow[1]))
peer.raw({"method": "cancel", "params": {"id": slow[1]}})
equal("now it too", name(peer.wait(slow[1])), "cancelled")
equal("a program", peer.ask("echo", text="through cat").get("result"), {"text": "through cat", "status": 0})
before = peer.send("follow", topic="face.*")
time.sleep(0.5)
for i in range(3):
    equal("publish", name(peer.ask("publish", topic="face.test", data={"n": i})), "ok")
events = peer.wait_events(before, 3)
equal("events come", [(e["topic"], e["data"]) for e in events], [("face.test", {"n": i}) for i in range(3)])
after = peer.send("follow", topic="face.*", after=events[0]["seq"]) if events else 0
equal("and from where one left off", [e["data"]["n"] for e in peer.wait_events(after, 2)], [1, 2])
for id in (before, after):
    peer.raw({"method": "cancel", "params": {"id": id}})
    equal("following ends", name(peer.wait(id)), "cancelled")
last = peer.send("call", operation="query.sql", arguments={"sql": "select 1 as x"})
p.stdin.close()
equal("what runs at the end of input is answered", peer.wait(last).get("result", {}).get("rows"), [[1]])
p.wait(30 * SLOW)
equal("nothing else on stdout", peer.strange, [])
err = p.stderr.read()
check("pipes", p.returncode == 0 and b"MISBEHAVING" not in err, (p.returncode, err[-1000:]))

p = start("-o", "json", "pipes", plugins=["pipes"])
p.stdin.write(b"this is no JSON\n" + b'{"id":"a b","method":"publish","params":{"topic":"plan.x","data":1}}\n')
lines = [json.loads(line) for line in end(p, "nonsense").splitlines()]
found = {a.get("id"): name(a) for a in lines}
equal("nonsense is answered", set(found), {None, "a b"})
check("as what it is", found.get(None) not in ("ok", "no answer") and found.get("a b") == "denied", found)
p = start("pipes", plugins=["pipes"])
peer = Peer(p.stdout, p.stdin)
running = peer.send("call", operation="query.sql", arguments={"sql": SLOW_SQL})
time.sleep(0.5 * SLOW)
p.send_signal(signal.SIGTERM)
equal("SIGTERM cancels what runs", name(peer.wait(running)), "cancelled")
p.wait(30 * SLOW)
equal("SIGTERM", p.returncode, 130)


# ---- a server, at a Unix socket and at loopback ----
def connect(address, token=None):
    if isinstance(address, str):
        s = socket.socket(socket.AF_UNIX)
    else:
        s = socket.socket(socket.AF_INET)
    s.settimeout(60 * SLOW)
    s.connect(address)
    peer = Peer(s.makefile("rb"), s.makefile("wb"), token)
    peer.socket = s
    return peer


def hang_up(peer):
    peer.socket.shutdown(socket.SHUT_RDWR)
    peer.socket.close()


def serve(address, *more):
    p = start("porter", *more, address, plugins=["porter"])
    line = p.stdout.readline().split()
    check("listens", line[:1] == [b"listening"], (line, p.stderr.read() if not line else ""))
    return p, int(line[1]) if line else 0


p, _ = serve(f"unix:{room}/s")
equal("only for the owner", os.stat(room + "/s").st_mode & 0o777, 0o600)
stranger = connect(room + "/s", "x" * 64)
nobody = connect(room + "/s")
for who in (stranger, nobody):
    for call in (("call", {"operation": "query.sql", "arguments": {"sql": "select 1"}}),
                 ("call", {"operation": "table.list"}), ("call", {"operation": "operation.list"}),
                 ("call", {"operation": "lamp.list"}), ("call", {"operation": "lamp.set", "arguments": {"lamp": "hall", "state": "on"}}),
                 ("call", {"operation": "lamp.note", "arguments": {"text": "x"}}), ("call", {"operation": "plan.list"}),
                 ("call", {"operation": "metrics.self"}), ("publish", {"topic": "x", "data": 1}), ("follow", {"topic": "*"})):
        equal(f"a stranger: {call}", name(who.ask(call[0], **call[1])), "denied")
token_file = room + "/home/.local/state/allora/owner.token"
equal("the token is the owner's", os.stat(token_file).st_mode & 0o777, 0o600)
token = open(token_file).read().strip()
owner = connect(room + "/s", token)
equal("the owner reads", owner.ask("call", operation="query.sql", arguments={"sql": "select 3 as x"}).get("result", {}).get("rows"), [[3]])
wrong = ("0" if token[0] != "0" else "1") + token[1:]
equal("a token is whole", name(owner.wait(owner.send("call", token=wrong, operation="table.list"))), "denied")

watching = owner.send("follow", topic="plan.*")
time.sleep(0.5)
# A change: first a plan, which nobody at the server's console is asked about; then its approval by hash.
answer = owner.ask("call", operation="lamp.set", arguments={"lamp": "hall", "state": "on"})
equal("a change needs approval", name(answer), "approval")
plan = answer.get("data") or {}
check("the plan comes along", len(plan.get("hash", "")) == 64 and plan.get("id"), answer)
equal("nothing has changed yet", open(WORLD).read().split()[1], "off")
apply = {"plan": plan.get("id", ""), "hash": plan.get("hash", "")}
equal("a stranger can't approve it", name(stranger.ask("call", operation="plan.apply", arguments=apply)), "denied")
check("a wrong hash doesn't", name(owner.ask("call", operation="plan.apply", arguments={**apply, "hash": "0" * 64})) not in ("ok", "no answer"))
equal("nor has it changed anything", open(WORLD).read().split()[1], "off")
answer = owner.ask("call", operation="plan.apply", arguments=apply)
equal("the owner can, by its hash", name(answer), "ok")
equal("the lamp is on", open(WORLD).read().split()[1], "on")
end_time = time.monotonic() + 10 * SLOW
while time.monotonic() < end_time and not any(e["data"].get("state") == "done" for e in owner.events.get(watching, [])):
    time.sleep(0.05)
seen = owner.events.get(watching, [])
check("how it went was told", seen and all(e["topic"] == "plan." + plan["id"] for e in seen) and seen[-1]["data"] ==
      {"plan": plan["id"], "state": "done", "steps": 1, "ended": 1}, seen)

# Hanging up, or cancelling, ends one's own call only.
others = [connect(room + "/s", token) for _ in range(2)]
running = [c.send("call", operation="query.sql", arguments={"sql": SLOW_SQL}) for c in others]
time.sleep(0.5 * SLOW)
hang_up(others[0])
time.sleep(0.5 * SLOW)
check("the other's call runs on", running[1] not in others[1].answers, others[1].answers)
others[1].raw({"method": "cancel", "params": {"id": running[1]}})
equal("until it is cancelled", name(others[1].wait(running[1])), "cancelled")


# 64 at once, each with its own answers; among them strangers.
def client(i, problems):
    try:
        c = connect(room + "/s", token if i % 4 else f"stranger {i}")
        ids = [c.send("call", operation="query.sql", arguments={"sql": f"select {i * 100 + k} as x"}) for k in range(5)]
        for k, id in enumerate(ids):
            a = c.wait(id, 60)
            right = a.get("result", {}).get("rows") == [[i * 100 + k]] if i % 4 else name(a) == "denied"
            if not right:
                problems.append((i, k, a))
        hang_up(c)
    except OSError as e:
        problems.append((i, e))


problems = []
threads = [threading.Thread(target=client, args=(i, problems)) for i in range(64)]
for t in threads:
    t.start()
for t in threads:
    t.join()
equal("64 clients", problems[:3], [])
rows = owner.ask("call", operation="metrics.self", arguments={"pattern": "porter_requests_total"}).get("result", {}).get("rows", [])
counted = {row[2]["outcome"] if isinstance(row[2], dict) else json.loads(row[2])["outcome"]: row[3] for row in rows}
check("what the face counted", counted.get("ok", 0) >= 240 and counted.get("denied", 0) >= 80, counted)
rows = owner.ask("call", operation="metrics.self", arguments={"pattern": "allora_operation_calls_total"}).get("result", {}).get("rows", [])
check("what the gate counted", any("query.sql" in str(row[2]) and row[3] >= 240 for row in rows), rows)

# SIGTERM: what runs is finished, nothing new is begun.
running = owner.send("call", operation="query.sql",
                     arguments={"sql": "with recursive c(x) as (select 1 union all select x + 1 from c where x < 1500000) select count(*) from c"})
time.sleep(0.1)
p.send_signal(signal.SIGTERM)
equal("drained", owner.wait(running, 60).get("result", {}).get("rows"), [[1500000]])
check("and said so", b"drained" in end(p, "SIGTERM"))
check("the socket's path is gone", not os.path.exists(room + "/s"))
log = subprocess.run([ALLORA, "--config", CONFIG, "audit", "list", "--limit", "100000", "-o", "json"], env=environment(), capture_output=True, text=True)
if log.returncode == 0:
    check("what the face noted", "porter.refused" in log.stdout, log.stdout[-500:])

# Ctrl-C drains as well; patience ends.
p, port = serve("127.0.0.1:0", "--patience", "300")
check("a port was chosen", port > 0, port)
owner = connect(("127.0.0.1", port), token)
running = owner.send("call", operation="query.sql", arguments={"sql": SLOW_SQL})
time.sleep(0.5 * SLOW)
p.send_signal(signal.SIGINT)
equal("patience ends", name(owner.wait(running)), "cancelled")
end(p, "SIGINT")

# Where it may not listen, it says so and what would help.
for address, words in (("0.0.0.0:0", b"listen.allow"), ("tls:0.0.0.0:0", b"listen.allow"), ("nonsense", b"ends with : and a port"),
                       (f"unix:{room}/none/s", b"no folder")):
    p = start("porter", address, plugins=["porter"])
    _, err = p.communicate(timeout=30 * SLOW)
    check(f"{address} is refused", p.returncode in (1, 2, 3) and words in err, (p.returncode, err))

# A socket that the service manager passes.
outside = socket.socket(socket.AF_INET)
outside.bind(("127.0.0.1", 0))
outside.listen(5)
p = subprocess.Popen(["/bin/sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=api; export LISTEN_PID LISTEN_FDS LISTEN_FDNAMES; exec 3<&"$0"; exec "$@"',
                      str(outside.fileno()), ALLORA, "--plugin-path", path("porter"), "porter", "activation:api"],
                     env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[outside.fileno()])
check("activated", p.stdout.readline().startswith(b"listening"), "")
owner = connect(outside.getsockname(), token)
equal("at the passed socket", owner.ask("call", operation="query.sql", arguments={"sql": "select 5 as x"}).get("result", {}).get("rows"), [[5]])
p.send_signal(signal.SIGTERM)
end(p, "activation")
done()
