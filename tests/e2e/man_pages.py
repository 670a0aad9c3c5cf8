"""Every manual page, as the program writes it: groff and man have nothing to complain about, and say what the manifests say."""
import json
import os
import re
import shutil
import subprocess
import sys

from common_cli import check, done, equal, failures, room, run

if not shutil.which("groff"):
    sys.exit(77)
rc, out, err = run("help", "--man")
equal("the page of the program", (rc, err), (0, ""))
pages = {"allora": out}
commands = re.findall(r"^\\fBallora\\-(\S+?)\\fR\(1\)", out, re.M)
rc, listed, _ = run("__complete", "bash", "0", "")
check("there are commands", len(commands) > 5, out)
names = set()
for line in listed.splitlines():
    first = line.split("\t")[0]
    rc, subs, _ = run("__complete", "bash", "1", first, "")
    rc, out, err = run("help", "--man", first)
    if rc == 0:
        names.add((first,))
    elif rc == 2:
        names.update((first, s.split("\t")[0]) for s in subs.splitlines() if not s.startswith(":"))
for path in sorted(names):
    rc, out, err = run("help", "--man", *path)
    if rc != 0:
        failures.append(f"{path}: exit {rc}: {err}")
        continue
    pages["allora-" + "-".join(path)] = out
check("a page for every command", len(pages) >= 12, sorted(pages))

for name, text in pages.items():
    check(f"{name}: ASCII only", text.isascii(), name)
    p = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-rLL=78n", "-z"], input=text, capture_output=True, text=True, timeout=60)
    check(f"{name}: groff", p.returncode == 0 and p.stderr == "", p.stderr)
    p = subprocess.run(["groff", "-man", "-Tutf8", "-rLL=78n", "-P-c"], input=text, capture_output=True, text=True, timeout=60)
    shown = re.sub(r".\x08", "", p.stdout)
    for section in ("NAME", "SYNOPSIS", "SEE ALSO"):
        check(f"{name}: {section}", re.search(rf"^{section}$", shown, re.M), shown[:400])
    # lexgrog's rule, which apropos lives on: one line "name - what it does".
    check(f"{name}: whatis", re.search(rf"^NAME\n\s+{re.escape(name)}\s+[-–‐−]\s+\S", shown, re.M), shown[:300])
    if shutil.which("man"):
        path = f"{room}/{name}.1"
        with open(path, "w") as f:
            f.write(text)
        p = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", path], capture_output=True, text=True,
                           timeout=60, env={**os.environ, "MANWIDTH": "80"})
        check(f"{name}: man --warnings", p.returncode == 0 and p.stderr == "", p.stderr)
rc, out, err = run("help", "--man", "nonsense")
equal("no page of what isn't there", rc, 2)
done()
