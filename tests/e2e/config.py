"""The configuration by the command line: layers and where each value came from, changes that keep a
file's comments, secrets that stay secret, and files that are broken in every way."""
import json
import os
import shutil
import subprocess
import sys

from common_cli import (ALLORA, SLOW, SOURCE, Terminal, check, equal, failures, room, run, surroundings)

HOME = room + "/home"
USER = HOME + "/.config/allora"
PROJECT = room + "/project"
os.makedirs(PROJECT, exist_ok=True)


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(path, mode)


def read(path):
    with open(path, "rb") as f:
        return f.read().decode()


def clean():
    shutil.rmtree(HOME, ignore_errors=True)
    shutil.rmtree(PROJECT, ignore_errors=True)
    os.makedirs(PROJECT)


def allora(*args, **more):
    more.setdefault("cwd", PROJECT)
    return run(*args, **more)


def rows(*args, **more):
    code, out, err = allora("-o", "json", *args, **more)
    try:
        return json.loads(out)
    except ValueError:
        failures.append(f"{args}: exit {code}, no JSON: {out[:300]!r} {err[:300]}")
        return []


def says(what, got, code, *words):
    if got[0] != code:
        failures.append(f"{what}: exit {got[0]}, not {code}: {got[1][-300:]} {got[2][:600]}")
    for word in words:
        check(what, word in got[1] + got[2], f"{word!r} is not in {got[1]} {got[2]}")


# ---- layers ----

def key_and_value(entry):
    """A valid value for any key, told by what config list says of it."""
    kind, key = entry["type"], entry["key"]
    if entry["secret"]:
        return "env:HOME"
    if key == "plugins.enable":
        return ["*"]
    if "or text" in kind or "text or" in kind or kind.startswith("list"):
        return []  # nothing named: harmless for whatever reads it
    if kind.startswith("whole number") or kind.startswith("number"):
        return 100000 if key.endswith("per_minute") else 17
    if kind == "true or false":
        return True
    if kind == "time span":
        return "2h"
    if kind.startswith("group"):
        return {}
    if ", " in kind:
        return kind.split(", ")[0]
    return "/" if key.endswith("root") else "offline"


def tree(keys):
    top = {}
    for key, value in keys.items():
        at = top
        *groups, last = key.split(".")
        for group in groups:
            at = at.setdefault(group, {})
        at[last] = value
    return top


def place_of(text, key):
    """Line of a key in JSON that was written with one member a line."""
    indent, line = 0, 0
    lines = text.split("\n")
    for part in key.split("."):
        indent += 1
        while not lines[line].startswith("  " * indent + f'"{part}":'):
            line += 1
    return line + 1


def every_key_is_explained(etc):
    """Three layers, and every key that config list knows: explain names file, line and layer."""
    clean()
    entries = rows("config", "list")
    check("keys", len(entries) > 12, entries)
    values = {e["key"]: key_and_value(e) for e in entries}
    user = json.dumps(tree(values), indent=2)
    write(USER + "/config.json", user)
    free = {e["key"]: values[e["key"]] for e in entries if not e["security"]}
    project = json.dumps(tree(free), indent=2)
    system = json.dumps(tree(values), indent=2)
    if etc:
        write(etc + "/config.json", system)
    for e in entries:
        key = e["key"]
        code, out, err = allora("-o", "json", "config", "explain", key)
        says(key, (code, out, err), 0)
        doc = json.loads(out or "{}")
        set_at = f"~/.config/allora/config.json:{place_of(user, key)}:"
        if values[key] == {}:
            continue
        equal(key + ": layer", doc.get("layer"), "user")
        check(key + ": place", str(doc.get("from")).startswith(set_at), (doc.get("from"), set_at))
        if etc:
            below = [x for x in doc["layers"] if x["layer"] == "system"][0]
            check(key + ": system", below["where"].startswith(
                f"/etc/allora/config.json:{place_of(system, key)}:"), below)
            equal(key + ": system's state", below["state"], "overridden")
    write(PROJECT + "/.allora.json", project)
    for key in free:
        code, out, err = allora("-o", "json", "config", "explain", key)
        says(key + " in a project", (code, out, err), 0)
        doc = json.loads(out or "{}")
        equal(key + ": layer", doc.get("layer"), "project")
        check(key + ": place", f"/project/.allora.json:{place_of(project, key)}:" in str(doc.get("from")),
              doc.get("from"))
        variable = "ALLORA_" + key.upper().replace(".", "__")
        value = values[key]
        text = value if isinstance(value, str) else json.dumps(value)
        doc = json.loads(allora("-o", "json", "config", "explain", key,
                                env=surroundings(**{variable: text}))[1] or "{}")
        equal(key + ": layer", doc.get("layer"), "environment")
        equal(key + ": place", doc.get("from"), "environment " + variable)
    code, out, _ = allora("-o", "table", "config", "explain", "agent.default")
    says("for people", (code, out, ""), 0, "agent.default = offline", "wins", "overridden", "project")


def system_layer():
    """As root in a mount namespace of its own, /etc/allora is a folder of the test's."""
    etc = os.environ.get("ALLORA_TEST_ETC")
    if not etc:
        return
    write(etc + "/config.yaml", "output:\n  format: csv\nfinal: [output.format]\n")
    clean()
    write(USER + "/config.yaml", "agent: {default: offline}\noutput:\n  format: json\n")
    says("final", allora("config", "list"), 3, "output.format is final", "config.yaml:3:3",
         "/etc/allora/config.yaml:3:9 makes it final")
    says("help all the same", allora("--help"), 0, "usage")
    write(USER + "/config.yaml", "agent: {default: offline}\n")
    says("set final", allora("config", "set", "output.format", "json"), 3, "is final")
    says("explain final", allora("-o", "table", "config", "explain", "output.format"), 0,
         "/etc/allora/config.yaml:2:3", "final:")
    says("set system", allora("config", "set", "--layer", "system", "agent.default", "offline"), 0)
    check("system's file", "agent:\n  default: offline" in read(etc + "/config.yaml"))
    os.chmod(etc + "/config.yaml", 0o666)
    says("open to all", allora("config", "list"), 3, "can be written by others")
    os.remove(etc + "/config.yaml")
    every_key_is_explained(etc)
    os.remove(etc + "/config.json")


# ---- changes ----

def sets_and_unsets():
    clean()
    file = USER + "/config.yaml"
    says("first set", allora("-o", "table", "config", "set", "output.format", "json"), 0, "(new)")
    equal("mode", os.stat(file).st_mode & 0o777, 0o600)
    equal("folder's mode", os.stat(USER).st_mode & 0o777, 0o700)
    text = "# mine\noutput:   # how\n    format: \"csv\"   # keep\n\n# end\n"
    write(file, text, 0o600)
    says("set", allora("config", "set", "output.format", "markdown"), 0)
    equal("only the value", read(file), text.replace('"csv"', '"markdown"'))
    says("get", allora("-o", "json", "config", "get", "output.format"), 0, '"markdown"')
    says("unset", allora("config", "unset", "output.format"), 0)
    equal("what is left", read(file), "# mine\n\n# end\n")
    says("unset again", allora("config", "unset", "output.format"), 4, "is not set")
    says("list", allora("config", "set", "plugins.disable", "[session, 'a*']"), 0)
    equal("as a list", rows("config", "list", "plugins.disable")[0]["value"], '["session","a*"]')
    says("unset list", allora("config", "unset", "plugins.disable"), 0)
    says("profile", allora("config", "set", "--in-profile", "prod", "output.format", "yaml"), 0)
    says("its value", allora("--profile", "prod", "config", "get", "output.format"), 0, "yaml")
    says("without it", allora("-o", "json", "config", "get", "output.format"), 0, '"table"')
    says("by environment", allora("config", "get", "output.format",
                                  env=surroundings(ALLORA_PROFILE="prod")), 0, "yaml")
    says("unknown profile", allora("--profile", "prdo", "config", "get", "output.format"), 2,
         'no profile "prdo"', "did you mean prod?")
    for key, value, code, words in (
            ("output.fromat", "x", 2, ["unknown key output.fromat", "did you mean output.format?"]),
            ("output.format", "tabel", 2, ["must be one of", "did you mean table?"]),
            ("budgets.calls_per_minute", "many", 2, ["must be a whole number"]),
            ("budgets.calls_per_minute", "0", 2, ["must be at least 1"]),
            ("providers.hots.root", "/", 2, ["unknown key providers.hots.root"]),
            ("output", "x", 2, ["is a group of keys"])):
        before = read(file)
        says(f"set {key} {value}", allora("config", "set", key, value), code, *words)
        equal("nothing written", read(file), before)
    says("project's security", allora("config", "set", "--layer", "project", "plugins.enable", "x"), 3)
    check("no file", not os.path.exists(PROJECT + "/.allora.yaml"))
    write(file, "a: &x {format: csv}\noutput: *x\n", 0o600)
    before = read(file)
    says("alias", allora("config", "set", "output.format", "json"), 2, "is an alias", "config edit")
    equal("untouched", read(file), before)


def concurrent_sets_lose_nothing():
    clean()
    keys = ["output.format=csv", "output.color=never", "agent.default=offline",
            "budgets.calls_per_minute=1000", "approvals.expire=2h", "plugins.host=direct"]
    for _ in range(3):
        shutil.rmtree(HOME, ignore_errors=True)
        started = [subprocess.Popen([ALLORA, "config", "set", *k.split("=")], env=surroundings(),
                                    cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                   for k in keys]
        for p in started:
            _, err = p.communicate(timeout=60 * SLOW)
            equal("concurrent set", (p.returncode, err), (0, b""))
        got = {e["key"]: e["value"] for e in rows("config", "list", "--set")}
        equal("all of them", got, dict(k.split("=") for k in keys))
        equal("nothing lies about", sorted(os.listdir(USER)), ["config.yaml"])


# ---- secrets ----

def secrets_stay_secret():
    clean()
    write(USER + "/config.yaml", "providers:\n  acme_not_here:\n    api_token: hunter2\n"
                                 "    other: 'env:ACME'\n", 0o600)
    for args in (("config", "list"), ("-o", "json", "config", "list"),
                 ("config", "get", "providers.acme_not_here.api_token"),
                 ("-o", "table", "config", "explain", "providers.acme_not_here.api_token"),
                 ("config", "validate")):
        code, out, err = allora(*args)
        equal(f"{args}", code, 0)
        check(f"{args} shows it", "hunter2" not in out + err, out + err)
    says("redacted", allora("config", "get", "providers.acme_not_here.api_token"), 0, "[redacted]")


# ---- broken files ----

WORKS = (("--help",), ("version",), ("--version",), ("config", "path"))


def broken(name, text, code, *words, file=None, mode=0o600, prepare=None):
    clean()
    path = file or USER + "/config.yaml"
    if text is not None:
        write(path, text, mode)
    if prepare:
        prepare(path)
    says(name, allora("query", "select 1", timeout=20), code, *words)
    for args in WORKS:
        got = allora(*args, timeout=20)
        equal(f"{name}: {args}", got[0], 0)
    got = allora("config", "validate", timeout=20)
    equal(f"{name}: validate", got[0], code)


def sparse(path):
    with open(path, "wb") as f:
        f.truncate(1 << 30)


def broken_files():
    y = "config.yaml:"
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi"))
    broken("broken YAML", "output: [\n", 2, "cannot be read", y + "2:1")
    broken("tab", "output:\n\tformat: csv\n", 2, "cannot be read", y + "2:1")
    broken("alias bomb", bomb, 2, "aliases expand to too much", y)
    broken("sparse", "", 2, "is larger than 1024 KiB", prepare=sparse)
    broken("NUL", b"output:\n  format: \0csv\n", 2, "control characters are not allowed", y + "2:11")
    broken("not UTF-8", b"output:\n  format: \xff\xfe\n", 2, "invalid leading UTF-8 octet", y + "2:11")
    broken("unknown key", "output:\n  fromat: csv\n", 2, "unknown key output.fromat", y + "2:3",
           "did you mean format?")
    broken("ill-typed", "output:\n  format: 3\n", 2, "output.format must be one of", y + "2:3")
    broken("duplicate", "output: {}\noutput: {}\n", 2, "duplicate key 'output'", y + "2:1")
    broken("deep", "a: " + "[" * 500 + "]" * 500, 2, "nested too deeply", y + "1:")
    broken("deep groups", "".join(" " * i + "a:\n" for i in range(300)), 2, "nested too deeply", y)
    broken("two documents", "output: {}\n---\noutput: {}\n", 2, "only one document", y)
    broken("a list", "- a\n", 2, "the file must be a group of keys", "config.yaml")
    broken("merge key", "a: &a {}\noutput:\n  <<: *a\n", 2, "merge keys", y + "3:3")
    broken("mistyped plugin", "providers:\n  hots: {root: /}\n", 2, "unknown key providers.hots",
           "did you mean host?")
    broken("broken JSON", '{"output": {"format": "csv",}}', 2, "cannot be read", "config.json:1:",
           file=USER + "/config.json")
    broken("YAML as JSON", "output: {}\n", 2, "cannot be read", file=USER + "/config.json")
    broken("huge number", '{"budgets": {"calls_per_minute": 1e999}}', 2, "config.json:1:",
           file=USER + "/config.json")
    broken("directory", None, 2, "is not a regular file", prepare=lambda p: os.makedirs(p))
    broken("FIFO", "", 2, "is not a regular file",
           prepare=lambda p: (os.remove(p), os.mkfifo(p)))
    broken("open to all", "output: {}\n", 3, "can be written by others", "chmod go-w", mode=0o666)
    broken("project loosens", "plugins:\n  enable: ['*']\n", 3,
           "a project's file may not set plugins.enable", ".allora.yaml:2:3",
           file=PROJECT + "/.allora.yaml")
    broken("project raises", "budgets:\n  calls_per_minute: 5000\n", 3,
           "can only lower budgets.calls_per_minute", ".allora.yaml:2:3",
           file=PROJECT + "/.allora.yaml",
           prepare=lambda p: write(USER + "/config.yaml", "budgets: {calls_per_minute: 10}\n"))
    broken("two files", "output: {}\n", 2, "config.yaml and", "config.yml are both there",
           prepare=lambda p: write(USER + "/config.yml", "output: {}\n"))
    if os.geteuid() != 0:
        broken("unreadable", "output: {}\n", 2, "Permission denied", mode=0)


def several_faults_at_once():
    clean()
    write(USER + "/config.yaml", "ouput: 1\nagent: [x]\noutput:\n  format: tabel\n  colour: never\n")
    code, out, err = allora("query", "select 1")
    equal("exit", code, 2)
    for word in ("unknown key ouput", ":1:1", "agent must be a group of keys", ":2:1",
                 "output.format must be one of", ":4:3", "unknown key output.colour", ":5:3"):
        check("all are told", word in err, (word, err))
    code, out, err = allora("-o", "json", "query", "select 1")
    check("one object for programs", json.loads(err)["error"]["hint"].endswith(
        "3 more: allora config validate"), err)
    found = rows("config", "validate")
    equal("validate", len([r for r in found if r["status"] == "failed"]), 4)
    says("repaired by unset", allora("config", "unset", "output.colour"), 0)
    check("one less", "colour" not in read(USER + "/config.yaml"))
    says("one file", allora("config", "validate", USER + "/config.yaml"), 2, "unknown key ouput")


def somebody_elses():
    if os.geteuid() != 0:
        return
    clean()
    write(PROJECT + "/.allora.yaml", "output: {format: csv}\n")
    os.chown(PROJECT + "/.allora.yaml", 12345, 12345)
    code, out, err = allora("-o", "json", "config", "get", "output.format")
    says("project's file of somebody else", (code, out, err), 0, '"table"', "is ignored",
         "belongs to user 12345")


# ---- people ----

def init_at_a_terminal():
    clean()
    says("no terminal", allora("init"), 2, "there is no terminal", "allora init --yes")
    check("nothing written", not os.path.exists(USER))
    t = Terminal(ALLORA, "init", env=surroundings())
    t.expect("Which agent")
    t.line("")
    t.expect("How are results")
    t.line("jsno")
    t.expect("none of them")
    t.expect("How are results")
    t.line("yaml")
    t.expect("Colours")
    t.line("")
    code, text = t.finish()
    equal("init ends", code, 0)
    check("what next", "Try next" in text, text)
    check("only what differs", "format: yaml" in read(USER + "/config.yaml"))
    shutil.rmtree(USER)
    for key in ("\x03", "\x04"):
        t = Terminal(ALLORA, "init", env=surroundings())
        t.expect("Which agent")
        t.line("")
        t.expect("How are results")
        t.send(key)
        code, text = t.finish()
        equal(f"init ended by {key!r}", code, 130)
        check("untouched", not os.path.exists(USER), text)
    says("defaults", allora("init", "--yes"), 0)
    got = {e["key"]: e["value"] for e in rows("config", "list", "--set")}
    equal("written", got.get("output.format"), "table")


def edit_at_a_terminal():
    clean()
    editor = room + "/editor"
    file = USER + "/config.yaml"

    def edit_with(script):
        write(editor, "#!/bin/sh\n" + script + "\n", 0o755)
        return Terminal(ALLORA, "-o", "table", "config", "edit", env=surroundings(EDITOR=editor + " --flag", VISUAL=None))

    says("no terminal", allora("config", "edit"), 1, "there is no terminal")
    t = edit_with(f"echo 'output: {{format: csv}}' > $2")
    equal("edit", t.finish()[0], 0)
    equal("written", read(file), "output: {format: csv}\n")
    equal("mode", os.stat(file).st_mode & 0o777, 0o600)
    t = edit_with("true")
    code, text = t.finish()
    check("unchanged", code == 0 and "left as it was" in text, text)
    t = edit_with(f"if [ -e {room}/second ]; then echo 'output: {{format: yaml}}' > $2; "
                  f"else touch {room}/second; echo 'output: {{fromat: x}}' > $2; fi")
    t.expect("unknown key output.fromat")
    t.expect("edit it again")
    t.line("")
    equal("second try", t.finish()[0], 0)
    equal("written", read(file), "output: {format: yaml}\n")
    t = edit_with("echo 'output: [' > $2")
    t.expect("edit it again")
    t.line("n")
    code, text = t.finish()
    check("given up", code == 2 and "is kept in" in text, text)
    equal("untouched", read(file), "output: {format: yaml}\n")
    t = edit_with("exit 3")
    check("editor fails", t.finish()[0] != 0)
    t = edit_with(f"echo '# more' >> {file}; echo 'output: {{format: csv}}' > $2")
    code, text = t.finish()
    check("changed meanwhile", code == 2 and "changed by somebody else" in text, text)
    write(file, "output: [\n", 0o600)
    t = edit_with("echo 'output: {}' > $2")
    equal("repairs a broken file", t.finish()[0], 0)


# ---- the page about it ----

def the_page_is_true():
    """docs/configuration.md's table of keys is what config list says."""
    clean()
    page = read(SOURCE + "/docs/configuration.md")
    for e in rows("config", "list"):
        if e["key"].startswith(("providers.", "agents.", "commands.")):
            continue
        line = "| `{}` | {} | {} | {} |".format(
            e["key"], (e["type"] or "").replace("|", "\\|"),
            f"`{e['default']}`" if e["default"] else "", (e["summary"] or "").replace("|", "\\|"))
        check("docs/configuration.md lacks", line in page.split("\n"), line)


TESTS = [sets_and_unsets, concurrent_sets_lose_nothing,
         secrets_stay_secret, broken_files, several_faults_at_once, somebody_elses, init_at_a_terminal,
         edit_at_a_terminal, the_page_is_true, lambda: every_key_is_explained(None)]


def in_namespace():
    """Runs system_layer() where /etc/allora is a folder of this test's; without the right to do so
    the unit tests alone look at that layer."""
    etc = room + "/etc"
    os.makedirs(etc)
    script = ('mount --make-rprivate / 2>/dev/null; mkdir "$1" && cp -a /etc/. "$1/" && mkdir -p "$1/allora" && '
              'chmod 755 "$1/allora" && mount --bind "$1" /etc && shift && exec "$@"')
    p = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", room + "/etccopy", "true"],
                       capture_output=True, check=False)
    shutil.rmtree(room + "/etccopy", ignore_errors=True)
    if p.returncode:
        print("the system's layer was not looked at:", p.stderr.decode()[-200:])
        return
    p = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", room + "/etccopy", sys.executable, __file__],
                       env=dict(os.environ, ALLORA_TEST_ETC="/etc/allora"), check=False)
    if p.returncode:
        failures.append("the system's layer (above)")


if os.environ.get("ALLORA_TEST_ETC"):
    system_layer()
else:
    for test in TESTS:
        test()
    if os.geteuid() == 0 and shutil.which("unshare"):
        in_namespace()
os.chdir("/")
shutil.rmtree(room, ignore_errors=True)
for failure in failures:
    print("FAILED:", failure)
sys.exit(1 if failures else 0)
