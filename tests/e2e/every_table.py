#!/usr/bin/env python3
"""Every table of every installed provider answers, whatever its columns, aliases included."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ALLORA = os.environ["ALLORA"]
home = tempfile.mkdtemp()
env = {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8"}


def run(*args):
    return subprocess.run([ALLORA, *args], env=env, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


def declared():
    """Each table's columns and their other names, as the manifests in the source tree have them."""
    for path in pathlib.Path(os.environ["SOURCE_DIR"]).glob("plugins/providers/*/plugin.json"):
        for table in json.loads(path.read_text())["provider"]["tables"]:
            yield table["name"], [n for c in table["columns"] for n in (c["name"], *c.get("aliases", []))]


tables = [t["name"] for t in json.loads(run("table", "list", "-o", "json").stdout)]
names = dict(declared())
bad = []
for table in tables:
    for sql in (f"select * from {table} limit 3", f"select count(*) from {table}",
                "select " + ", ".join(f'"{c}"' for c in names.get(table, ["name"])) + f" from {table} limit 3"):
        done = run("query", "-o", "json", sql)
        if done.returncode not in (0, 5) or "MISBEHAVING" in done.stderr:
            bad.append(f"{sql}\n  exit {done.returncode}: {done.stderr.strip()}")
print("\n".join(bad))
assert len(tables) >= 15, tables
sys.exit(1 if bad else 0)
