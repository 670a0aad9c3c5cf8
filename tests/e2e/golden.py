"""Golden output: help of every command, results in every format over a recorded machine, errors.
`ALLORA=… SOURCE_DIR=… python3 golden.py --update` writes what is printed now; look at the diff before committing it."""
import json
import os
import re
import sys

from common_cli import SOURCE, check, done, equal, failures, room, run, surroundings

UPDATE = "--update" in sys.argv
folder = SOURCE + "/tests/e2e/golden"
env = surroundings(ALLORA_PROVIDERS__HOST__ROOT=SOURCE + "/tests/data/hosttree", ALLORA_TEST_NOW="2026-11-22T12:00:00Z",
                   TERM="dumb", COLUMNS="100")

CASES = {
    "help": ["help"],
    "help-table": ["table"],
    "help-query": ["query", "--help"],
    "help-ask": ["help", "ask"],
    "help-session-show": ["session", "show", "-h"],
    "version": ["--version"],
    "table": ["query", "select pid, name, user, rss, start_time from host_process order by pid limit 5"],
    "json": ["query", "-o", "json", "select pid, name, user, rss, start_time from host_process order by pid limit 2"],
    "ndjson": ["query", "-o", "ndjson", "select pid, name, user, rss, start_time from host_process order by pid limit 2"],
    "yaml": ["query", "-o", "yaml", "select pid, name, user, rss, start_time from host_process order by pid limit 2"],
    "csv": ["query", "-o", "csv", "select pid, name, user, rss, start_time from host_process order by pid limit 2"],
    "markdown": ["query", "-o", "markdown", "select pid, name, user, rss from host_process order by pid limit 2"],
    "nasty": ["query", "select 'a|b' as \"x|y\", char(27) || '[31m' as esc, x'fffe' as bytes, 1 as id, 2 as id, null as none,"
              " 9223372036854775807 as big, 0.1 as tenth, 'two' || char(10) || 'lines' as text"],
    "nasty-json": ["query", "-o", "json", "select char(27) || '[31m' as esc, 1 as id, 2 as id, null as none,"
                   " 9223372036854775807 as big, 0.1 as tenth, 'two' || char(10) || 'lines' as text"],
    "empty": ["query", "select pid, name from host_process where pid < 0"],
    "describe": ["table", "describe", "host_memory"],
    "resource-list": ["resource", "list", "process", "--where", "user=root", "-n", "3"],
    "resource-name": ["resource", "list", "processes", "--name", "k*", "-w", "ppid=2", "-n", "3"],
    "resource-get": ["resource", "get", "process", "1", "-o", "ndjson"],
    "resource-get-name": ["resource", "get", "disk", "/", "-o", "json"],
    "resource-none": ["resource", "get", "process", "999999"],
    "resource-quotes": ["resource", "list", "process", "--name", "x' or 1=1 --", "-w", "user=root' --"],
    "resource-type": ["resource", "list", "process", "-w", "pid=abc"],
    "dry-run": ["session", "delete", "1", "--dry-run"],
    "explain": ["query", "--explain", "select pid from host_process where pid = 1"],
    "param": ["query", "select :a as a, :b as b, :c as c", "-p", "a=1", "-p", "b=x' y", "-p", "c=null", "-o", "json"],
    "error-table": ["query", "select * from host_proces"],
    "error-column": ["query", "select pid,\n  nam from host_process"],
    "error-syntax": ["query", "selec 1"],
    "error-json": ["query", "-o", "json", "select * from host_proces"],
    "error-command": ["qurey"],
    "error-flag": ["query", "--limt", "5", "select 1"],
    "error-value": ["query", "--limit", "0", "select 1"],
    "error-type": ["resource", "list", "proces"],
    "error-column-of": ["resource", "list", "process", "--where", "colour=red"],
}


def normal(text):
    text = re.sub(r"\b\d+(\.\d+)? (ms|s|us|µs)\b", "N ms", text)
    return text.replace(room, "ROOM")


os.makedirs(folder, exist_ok=True)
for name, args in CASES.items():
    rc, out, err = run(*args, env=env)
    got = f"$ allora {' '.join(args)}\n{normal(out)}--- stderr\n{normal(err)}--- exit {rc}\n"
    path = f"{folder}/{name}.txt"
    if UPDATE:
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(got)
        continue
    with open(path, encoding="utf-8", newline="") as f:
        equal(name, got, f.read())

# One shape everywhere: an error is an object on stderr and nothing on stdout.
rc, out, err = run("query", "-o", "json", "select * from nowhere", env=env)
equal("nothing on stdout", out, "")
check("one object on stderr", set(json.loads(err)["error"]) == {"code", "message", "reason", "hint", "where"}, err)
rc, out, err = run("query", "-q", "select 1 as n", env=env)
equal("-q says nothing else", (rc, out, err), (0, "n\n1\n", ""))
done()
