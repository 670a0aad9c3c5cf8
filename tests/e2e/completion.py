"""Completion in the real shells: bash through COMP_WORDS, zsh at a terminal, fish through complete -C.
Nothing may be opened for it: no plugin, no network, no database."""
import json
import os
import shutil
import subprocess
import sys
import time

from common_cli import ALLORA, Terminal, check, done, equal, failures, plain, room, run, surroundings

os.makedirs(room + "/bin")
os.symlink(ALLORA, room + "/bin/allora")
env = surroundings(PATH=room + "/bin:" + os.environ["PATH"])
here = room + "/files"
os.makedirs(here)
for name in ("one.sql", "two words.sql"):
    open(f"{here}/{name}", "w").close()
tested = 0


def bash(*words):
    """What bash would offer for the last of the words, split as bash splits them."""
    quoted = " ".join("'" + w.replace("'", "'\\''") + "'" for w in words)
    script = (f"source <(allora completion bash); COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
              "_allora; printf '%s\\n' \"${COMPREPLY[@]}\"")
    p = subprocess.run(["bash", "--norc", "-c", script], env=env, cwd=here, capture_output=True, text=True, timeout=60)
    if p.stderr:
        failures.append(f"bash {words}: {p.stderr}")
    return p.stdout.split("\n")[:-1]


def fish(line):
    script = f"allora completion fish | source; complete -C '{line}'"
    p = subprocess.run(["fish", "--no-config", "-c", script], env=env, cwd=here, capture_output=True, text=True, timeout=60)
    if p.returncode or p.stderr:
        failures.append(f"fish {line}: {p.stderr}")
    return dict((part + "\t").split("\t")[:2] for part in p.stdout.split("\n")[:-1])


if shutil.which("bash"):
    tested += 1
    top = bash("allora", "")
    check("bash: commands", {"query", "table", "help", "completion"} <= set(top), top)
    equal("bash: a command", bash("allora", "quer"), ["query"])
    equal("bash: a family", sorted(bash("allora", "table", "")), ["describe", "list"])
    equal("bash: a value split at =", bash("allora", "query", "--output", "=", "j"), ["json"])
    check("bash: all values behind =", len(bash("allora", "query", "--output", "=")) == 6)
    equal("bash: a value behind a flag", bash("allora", "query", "-o", "nd"), ["ndjson"])
    equal("bash: a flag", bash("allora", "query", "--expl"), ["--explain"])
    check("bash: flags of all commands too", "--timeout" in bash("allora", "query", "--"))
    check("bash: a table", "host_process" in bash("allora", "table", "describe", "host_"))
    equal("bash: a global flag before the command", bash("allora", "-o", "json", "tabl"), ["table"])
    equal("bash: files", bash("allora", "query", "-f", "on"), ["one.sql"])
    equal("bash: help", bash("allora", "help", "table", "de"), ["describe"])
    equal("bash: shells", sorted(bash("allora", "completion", "")), ["bash", "fish", "zsh"])
    equal("bash: nothing behind --", bash("allora", "query", "--", "--exp"), [""])
    equal("bash: a plugin", bash("allora", "plugin", "info", "que"), ["query"])

if shutil.which("fish"):
    tested += 1
    top = fish("allora ")
    check("fish: commands with words", top.get("query", "").startswith("Run SQL"), top)
    equal("fish: --output=", fish("allora query --output=js"), {"--output=json": ""})
    check("fish: a table with words", "processes" in fish("allora table describe host_pro").get("host_process", ""))
    check("fish: a file", "one.sql" in fish("allora query -f on"))

if shutil.which("zsh"):
    tested += 1
    z = Terminal("zsh", "-f", "-i", columns=120, env={**env, "PS1": "zsh> "})
    z.line("autoload -Uz compinit && compinit -D -u; source <(allora completion zsh); bindkey '^I' complete-word; "
           "unsetopt auto_menu; PROMPT='rea''dy> '")
    z.expect(r"ready> ", timeout=30)
    for wait in (1, 3, 8):  # zsh says nowhere that a completion has ended: a slow machine gets another try
        for typed in ("allora quer\t", "--expl\t", "-o js\t"):
            z.send(typed)
            time.sleep(wait)
        z.send("\x01print -r -- '<\x05>'\r")  # the line itself is what was completed
        seen = plain(z.expect(r"\n<allora[^\n]*>", timeout=30))
        if "<allora query --explain -o json>" in seen:
            break
    check("zsh: command, flag, value", "<allora query --explain -o json>" in seen, seen)
    z.send("allora table \t")
    seen = plain(z.expect(r"describe.*list", timeout=30))
    check("zsh: a family with words", "Show a table" in seen, seen)
    z.send("\x03")
    z.kill()

# Dynamic values come from an operation that reads; a session's number from the store.
rc, out, err = run("__complete", "bash", "2", "session", "show", "")
equal("dynamic values never fail", (rc, err), (0, ""))

# What it must not touch.
if shutil.which("strace"):
    p = subprocess.run(["strace", "-f", "-e", "trace=openat,open", ALLORA, "__complete", "bash", "2", "table",
                        "describe", ""], env=env, capture_output=True, text=True, timeout=60)
    opened = [line for line in p.stderr.splitlines() if ".so" in line and "allora/plugins" in line and "ENOENT" not in line]
    equal("no plugin is opened", opened, [])
    equal("no database is opened", [line for line in p.stderr.splitlines() if ".db" in line], [])

for junk in (["bash", "0"], ["bash", "99", "a"], ["bash", "-1"], ["bash", "x", "y"], ["fish", "1", "\udcff"],
             ["zsh", "1", "query", "--param=" + "x" * 100000], ["bash", "1", "=", "="]):
    rc, out, err = run("__complete", *[os.fsencode(j) if "\udcff" in j else j for j in junk])
    check(f"junk {junk[:2]}", rc in (0, 2), (rc, err))
if not tested:
    sys.exit(77)
done()
