"""The journal: four writers killed at random moments, bytes flipped in the database, an export verified without allora,
following it, and a machine where it can't be written.
ALLORA_KILL_LOOPS says how often the writers are killed (scripts/check-deep: 500); ALLORA_SEED repeats a run."""
import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time

from common_cli import ALLORA, SLOW, check, done, equal, failures, room, run, surroundings

LOOPS = int(os.environ.get("ALLORA_KILL_LOOPS", "10"))
SEED = int(os.environ.get("ALLORA_SEED", str(random.randrange(1 << 30))))
WRITER = os.environ["BUILD_DIR"] + "/tests/journal_writer"
WRITERS = 4
chance = random.Random(SEED)


def place(name):
    """A state folder of its own: (environment, folder)."""
    state = f"{room}/{name}"
    return surroundings(XDG_STATE_HOME=state, LOGNAME="tester"), state + "/allora"


# ---- what a stranger needs to verify an export, without allora ----

def verify(lines):
    """None, or what is wrong with these lines of `allora audit export`."""
    prev, seq = "0" * 64, 0
    for line in lines:
        seq += 1
        try:
            record = json.loads(line)
            own = record["hash"]
            member = f'"hash":"{own}",'
            if line.count(member) != 1 or record["seq"] != seq or record["prev"] != prev:
                return f"record {seq} does not follow"
        except (ValueError, KeyError, TypeError):
            return f"record {seq} is no record"
        if hashlib.sha256(line.replace(member, "").encode()).hexdigest() != own:
            return f"record {seq} was changed"
        prev = own
    return None


def export(env):
    code, out, err = run("audit", "export", env=env)
    equal("export", (code, err), (0, ""))
    return out.splitlines()


# ---- kill -9 ----

def kill_loop(folder, env, acknowledged):
    """One round: every writer killed at its own moment.  What was acknowledged is added."""
    writers = [subprocess.Popen([WRITER, folder, f"w{i}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
               for i in range(WRITERS)]
    # However slow the machine is: some rounds end before anything is written, most in the middle of it.
    heard = [b"".join(w.stdout.readline() for _ in range(chance.randrange(3))) for w in writers]
    for i in chance.sample(range(WRITERS), WRITERS):
        time.sleep(chance.random() * 0.01)
        writers[i].kill()
    for w, early in zip(writers, heard):
        out, err = w.communicate()
        out = early + out
        check("a writer fails of itself", w.returncode == -signal.SIGKILL, err.decode())
        for line in out.decode().split("\n")[:-1]:  # the last may be half a line
            seq, operation = line.split()
            check("a number given twice", int(seq) not in acknowledged, line)
            acknowledged[int(seq)] = operation
    code, out, err = run("audit", "verify", "-o", "json", env=env)
    check("verify after a kill", code == 0 and json.loads(out or "{}").get("intact"), (code, out, err))


def kills():
    total, began = 0, time.monotonic()
    for loop in range(LOOPS):
        if loop % 20 == 0:  # a new journal now and then: each round reads all of it
            env, folder = place(f"kill{loop}")
            acknowledged = {}
        kill_loop(folder, env, acknowledged)
        if loop % 20 == 19 or loop == LOOPS - 1:
            records = {r["seq"]: r for r in map(json.loads, export(env))}
            for seq, operation in acknowledged.items():
                got = records.get(seq, {})
                check("an acknowledged record", (got.get("operation"), got.get("kind")) == (operation, "intent"), (seq, got))
            total += len(acknowledged)
            shutil.rmtree(os.path.dirname(folder))
        if failures:
            break
    check("writers that got nothing written", total > LOOPS, total)
    print(f"{LOOPS} loops with {WRITERS} writers, {total} records acknowledged, {time.monotonic() - began:.0f} s")


# ---- other hands ----

def filled(name, count):
    env, folder = place(name)
    subprocess.run([WRITER, folder, "w", str(count)], check=True, stdout=subprocess.DEVNULL)
    return env, folder


def expect_broken(what, env, numbers):
    """audit verify ends with 8 and names one of these records first."""
    code, out, err = run("audit", "verify", env=env)
    named = re.search(r"records? (\d+)", err)
    check(what, code == 8 and named and int(named.group(1)) in numbers, (code, numbers, out, err))


def flips():
    env, folder = filled("flips", 20)
    path = folder + "/state.db"
    equal("before", run("audit", "verify", env=env)[0], 0)
    db = sqlite3.connect(path)
    db.execute("pragma wal_checkpoint(truncate)")  # all of it in one file
    db.close()
    kept = room + "/kept"
    shutil.copytree(folder, kept)

    def restore():
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)

    db = sqlite3.connect(path)
    rows = db.execute("select seq, value, at_us from log where log = 'journal' order by seq").fetchall()
    db.close()
    for _ in range(16):  # a bit of a record, through SQL
        seq, value, _ = chance.choice(rows)
        at = chance.randrange(len(value))
        bad = value[:at] + bytes([value[at] ^ (1 << chance.randrange(8))]) + value[at + 1:]
        db = sqlite3.connect(path)
        db.execute("update log set value = ? where log = 'journal' and seq = ?", (bad, seq))
        db.commit()
        db.close()
        expect_broken(f"byte {at} of record {seq}", env, {seq})
        restore()
    for what, sql, numbers in [
            ("a time", "update log set at_us = at_us + 1 where seq = 7", {7}),
            ("a removed record", "delete from log where seq = 5", {5}),
            ("a removed first record", "delete from log where seq = 1", {1}),
            ("a cut end", "delete from log where seq > 15", {16}),
            ("nothing left", "delete from log", {1}),
            ("another log", "update log set log = 'journam' where seq = 9", {9}),
            ("a moved record", "update log set seq = 1000 where seq = 9", {9}),
            ("two swapped", "update log set value = case seq when 3 then (select value from log where seq = 4)"
             " else (select value from log where seq = 3) end, at_us = case seq when 3 then (select at_us from log where seq = 4)"
             " else (select at_us from log where seq = 3) end where seq in (3, 4)", {3}),
            ("another type", "update log set value = cast(value as text) where seq = 11", {11})]:
        db = sqlite3.connect(path)
        db.execute(sql)
        db.commit()
        db.close()
        expect_broken(what, env, numbers)
        restore()
    raw = open(path, "rb").read()
    for _ in range(8):  # a bit of a record, in the file itself
        seq, value, _ = chance.choice(rows)
        if value not in raw:
            continue  # on more than one page
        at = chance.randrange(len(value))
        bad = value[:at] + bytes([value[at] ^ (1 << chance.randrange(8))]) + value[at + 1:]
        with open(path, "wb") as f:
            f.write(raw.replace(value, bad))  # pages that are no longer used have copies of it
        expect_broken(f"byte {at} of record {seq}, in the file itself", env, {seq})
        restore()
    equal("restored", run("audit", "verify", env=env)[0], 0)
    shown = run("audit", "show", "3", "-o", "json", env=env)
    check("show", shown[0] == 0 and json.loads(shown[1])["intact"] is True, shown)


# ---- an export ----

def exports():
    env, _ = filled("exports", 12)
    lines = export(env)
    check("as many lines as records", len(lines) >= 12, len(lines))
    equal("verified by a stranger", verify(lines), None)
    equal("verified by allora", run("audit", "verify", env=env)[0], 0)
    for _ in range(200):
        n = chance.randrange(len(lines))
        at = chance.randrange(len(lines[n]))
        other = chance.choice("0123456789abcdefxyz\"{},: ")
        if other == lines[n][at]:
            continue
        bad = lines[:n] + [lines[n][:at] + other + lines[n][at + 1:]] + lines[n + 1:]
        check("a stranger finds a changed byte", verify(bad), (n, at, other))
    check("a stranger finds a removed line", verify(lines[:4] + lines[5:]))
    check("and two that were swapped", verify(lines[:4] + [lines[5], lines[4]] + lines[6:]))

    code, out, _ = run("audit", "export", "--format", "csv", env=env)
    rows = out.split("\r\n")
    check("csv", code == 0 and rows[0].startswith("seq,time,kind,principal,") and rows[1].startswith("1,20"), rows[:2])
    code, out, _ = run("audit", "export", "--format", "cef", env=env)
    check("cef", code == 0 and re.match(r"CEF:0\|allora\|allora\|[0-9.]+\|intent\|w\.1\|\d\|rt=\d+ externalId=1 suser=local:tester "
                                        r"act=w\.1 ", out), out[:200])
    code, out, _ = run("audit", "list", "--operation", "w.1*", "--kind", "intent", "-n", "3", "-o", "json", env=env)
    equal("list", [r["operation"] for r in json.loads(out)], ["w.12", "w.11", "w.10"])
    equal("a time that is none", run("audit", "list", "--since", "soon", env=env)[0], 2)
    equal("a record that is not there", run("audit", "show", "9999", env=env)[0], 4)
    equal("long ago", json.loads(run("audit", "list", "--until", "300d", "-o", "json", env=env)[1]), [])


def follows():
    env, folder = filled("follows", 3)
    p = subprocess.Popen([ALLORA, "audit", "tail", "-f", "-n", "1", "-o", "ndjson"], env=env, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    equal("the last", json.loads(p.stdout.readline())["operation"].split(".")[0], "w")
    subprocess.run([WRITER, folder, "later", "1"], check=True, stdout=subprocess.DEVNULL)
    equal("what came", json.loads(p.stdout.readline())["operation"], "later.1")
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=30 * SLOW)
    equal("interrupted", p.returncode, 130)


# ---- nowhere to write ----

def unwritable():
    env = surroundings(XDG_STATE_HOME="/proc/nowhere")
    code, out, err = run("query", "-o", "csv", "select 1 as one", env=env)
    equal("a read answers", (code, out), (0, "one\r\n1\r\n"))
    equal("and warns once", err.count("warning"), 1)
    check("of the journal", "journal" in err, err)
    code, out, err = run("session", "delete", "1", env=env)
    check("the rest is refused", code == 1 and "journal" in err and "hint:" in err, (code, out, err))
    for words in (["help"], ["--version"], ["completion", "bash"], ["__complete", "bash", "0", ""]):
        code, out, err = run(*words, env=env)
        check(f"{words} does without", code == 0 and "journal" not in err, (code, err))
    env, folder = place("untouched")
    for words in (["help"], ["--version"], ["completion", "bash"], ["__complete", "bash", "2", "session", "show", ""]):
        run(*words, env=env)
    check("and makes none", not os.path.exists(folder + "/state.db"))


if not os.path.exists(WRITER):
    print("skipped: no " + WRITER)
    raise SystemExit(77)
print(f"seed {SEED}")
for part in (kills, flips, exports, follows, unwritable):
    part()
done()
