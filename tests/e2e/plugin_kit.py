"""The authors' kit from the outside: plugin new writes what builds, is green and works, in every kind
and language, with CMake and with pkg-config, from an installed copy alone."""
import json
import os
import shutil
import subprocess


from common_cli import ALLORA, check, done, equal, failures, room, run, surroundings

BUILD = os.environ["BUILD_DIR"]
SANITIZED = bool(os.environ.get("ALLORA_SANITIZED"))
os.chdir(room)


def shell(line, cwd, **env):
    p = subprocess.run(line, shell=True, cwd=cwd, env=surroundings(**env), timeout=300,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check(f"{cwd}: {line}", p.returncode == 0, p.stdout[-1500:])
    return p.stdout


# ---- names and folders ----

def refused(code, words, *args):
    status, out, err = run("plugin", "new", *args)
    equal(f"plugin new {args}: status", status, code)
    equal(f"plugin new {args}: nothing on stdout", out, "")
    for word in words:
        check(f"plugin new {args} says {word!r}", word in err, err)


for name in ("Weather", "9lives", "a b", "x/../y", "über", "a" * 65, "-x"):
    refused(2, ["error:"], "--", name)
refused(1, ['there is a plugin "plugin" already', "plugin.so", "another name"], "plugin")
refused(1, ['there is a plugin "allora" already'], "allora")
refused(2, ["teller"], "thing", "--kind", "teller")
refused(2, ["rust"], "thing", "--lang", "rust")
os.makedirs("full/sub")
refused(1, ["full exists and is not empty", "nothing was written"], "thing", "--dir", "full")
equal("nothing was written", os.listdir("full"), ["sub"])
open("file", "w").close()
refused(1, ["file", "Not a directory"], "thing", "--dir", "file")
os.makedirs("empty")
status, out, err = run("plugin", "new", "thing-1", "--dir", "empty")
equal("an empty folder is taken", (status, err), (0, ""))
check("it says what it wrote", out.startswith("Wrote empty/ (5 files). Next:\n"), out)
equal("five files", sorted(os.listdir("empty")),
      ["CMakeLists.txt", "Makefile", "README.md", "plugin.json", "thing-1.c"])
left = subprocess.run(["grep", "-rnE", "sample|@[a-z]+@", "empty"], stdout=subprocess.PIPE, text=True)
equal("no placeholder is left", left.stdout, "")
status, out, err = run("plugin", "new", "it's", "--dir", "it's")
status, out, err = run("plugin", "new", "quoted", "--dir", "a 'b", "-o", "json")
doc = json.loads(out)
equal("as JSON", (doc["plugin"], doc["kind"], doc["language"], doc["folder"]),
      ("quoted", "provider", "c", "a 'b"))
check("the folder is quoted", any(line.startswith("cd 'a '\\''b' && ") for line in doc["next"]), doc["next"])

# ---- plugin check ----

def checked(so, *args):
    status, out, err = run("plugin", "check", so, "--seed", "1", "-o", "json", *args, timeout=120)
    doc = json.loads(out) if out.strip() else {"checks": []}
    return status, {c["check"]: c for c in doc["checks"]}, err


def finds(name, which, words, *args):
    so = f"{BUILD}/tests/fixtures/{name}/{name}.so"
    if not os.path.exists(so):
        failures.append(f"there is no fixture {name}")
        return
    status, checks, err = checked(so, "--only", which, *args)
    equal(f"check of {name}: status", status, 1)
    said = " | ".join(f["what"] for f in checks[which]["findings"])
    for word in words:
        check(f"{which} of {name} says {word!r}", word in said, said)


finds("bad_manifest", "manifest", ['"version" is missing'])
finds("lazy", "symbols", ["bound lazily"])
finds("second_symbol", "symbols", ["exports more than allora_plugin_v1: fixture_helper"])
finds("no_entry", "symbols", ["does not export allora_plugin_v1"])
finds("forbidden", "imports", ["not for plugins: exit"])
finds("forbidden", "handshake", ["ends the process with status 3 at: allora_plugin_v1()"])
finds("null", "handshake", ["no usable root object"])
finds("short", "handshake", ["no usable root object"])
finds("drift", "handshake", ["is not the one in its section"])
finds("lies", "handshake", ["its code says ABI built 7"])
finds("create_crashes", "life", ["dies of signal", "at: create()"])
finds("create_hangs", "life", ["hangs: no end after 2 s, at: create()"], "--time-limit", "2")
finds("create_exits", "life", ["ends the process", "at: create()"])
finds("leaves_scope", "operations", ["a scope is left open"])
finds("threads", "operations", ["on another thread"])
finds("writes", "memory", ["changes the arguments that it was lent"])
if not SANITIZED: # what a sanitizer says instead depends on the sanitizer
    finds("undefined", "handshake", ["undefined symbol: fixture_defined_nowhere"])
    finds("leaks", "memory", ["leaks.config leaks about 10"])

# what can't be used is not tried further, and what is static is told nevertheless
status, checks, err = checked(f"{BUILD}/tests/fixtures/create_crashes/create_crashes.so")
equal("after a crash in create()", {n: c["status"] for n, c in checks.items() if c["status"] != "ok"}.get("fuzz"),
      "skipped")
check("every check is told of", len(checks) == 18, list(checks))
check("the manifest is fine", checks["manifest"]["status"] == "ok", checks["manifest"])
check("how to do it again", "--seed 1" in err, err)

status, out, err = run("plugin", "check", f"{BUILD}/tests/plugins/template_provider.so", "--only", "fuzz",
                       "--seed", "7")
equal("one check", (status, err), (0, ""))
check("its seed is printed", "  fuzz        ok  (seed 7)\n" in out, out)
status, out, err = run("plugin", "check", "host", "--only", "manifest")
check("by its id", status == 0 and "host.so" in out, (out, err))
status, out, err = run("plugin", "check", "nowhere.so")
check("a missing file", status != 0 and "nowhere.so" in err, err)
status, out, err = run("plugin", "check", ALLORA, "--only", "manifest")
check("no plugin at all", status == 1 and "manifest" in out, (out, err))
status, out, err = run("plugin", "check", "host", "--only", "tabels")
check("an unknown check", status == 2 and "did you mean tables?" in err, err)

# ---- plugin docs ----

for plugin in sorted(os.listdir(f"{BUILD}/lib/allora/plugins")):
    name = plugin[:-3]
    manifest = json.loads(run("plugin", "info", name, "-o", "json")[1])
    status, out, err = run("plugin", "docs", name)
    equal(f"docs of {name}", (status, err), (0, ""))
    plain = out.replace("\\", "")
    for thing in [t["name"] for t in manifest["tables"]] + [o["name"] for o in manifest["operations"]]:
        check(f"docs of {name} has {thing}", f"### {thing}\n" in plain, out[:300])
    for command in manifest["commands"]:
        check(f"docs of {name} has {command['command']}", f"### allora {command['command']}\n" in plain, out[:300])
    for key in (manifest["permissions"] or {}):
        check(f"docs of {name} has permission {key}", f"- `{key}`" in out, out[-600:])
    for key in ((manifest["config"] or {}).get("properties") or {}):
        check(f"docs of {name} has key {key}", f".{key}`" in out, out[-600:])
status, out, err = run("plugin", "docs", f"{BUILD}/tests/plugins/template_command.so")
check("docs of a file", status == 0 and "## Commands" in out and "maxLength" in out, (out, err))
status, out, err = run("plugin", "docs", "hots")
check("docs of nothing", status != 0 and "did you mean host?" in err, err)

# ---- built from an installed copy ----

KINDS = {
    "provider": ("x_provider", ['query', 'select name from {ident}_file where name = \'etc\' limit 5'], "etc"),
    "agent": ("x-agent", ["ask", "--agent", "{id}", "which tables are about plug?"], "[1]"),
    "command": ("x-cmd", ["{word}", "README.md"], "lines"),
}


def installed():
    prefix = room + "/opt"
    for component in (["--component", "sdk"], []):
        p = subprocess.run(["cmake", "--install", BUILD, *component, "--prefix", prefix],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        check("installation", p.returncode == 0, p.stdout[-1000:])
    return prefix


def try_out(kind, language, prefix):
    base, words, expected = KINDS[kind]
    name = f"{base}-{language}"
    allora = prefix + "/bin/allora"
    p = subprocess.run([allora, "plugin", "new", name, "--kind", kind, "--lang", language],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=surroundings())
    check(f"new {name}", p.returncode == 0, p.stdout)
    check(f"new {name}: where the SDK is", f"export CMAKE_PREFIX_PATH={prefix}\n" in p.stdout, p.stdout)
    flags = "-Wall -Wextra -Wpedantic -Werror"
    pc = subprocess.run(["find", prefix, "-name", "pkgconfig"], stdout=subprocess.PIPE, text=True).stdout.strip()
    if language == "cpp":
        shell(f"cmake -B build -DCMAKE_CXX_FLAGS='{flags}' && cmake --build build", name, CMAKE_PREFIX_PATH=prefix)
    else:
        shell(f"cmake -B build -DCMAKE_C_FLAGS='{flags}' && cmake --build build", name, CMAKE_PREFIX_PATH=prefix)
    shell(f"cmake --install build --prefix {room}/kept", name)
    check(f"{name} can be installed", os.path.exists(f"{room}/kept/lib/allora/plugins/{name}.so") or
          os.path.exists(f"{room}/kept/lib64/allora/plugins/{name}.so"), os.listdir(f"{room}/kept"))
    data = room + "/data-" + name
    shell("make -f Makefile clean && make && make install", name, PKG_CONFIG_PATH=pc, XDG_DATA_HOME=data,
          CFLAGS=flags, CXXFLAGS=flags)
    p = subprocess.run([allora, "plugin", "check", f"{name}/build/{name}.so", "--seed", "1"],
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=surroundings())
    check(f"{name} is green", p.returncode == 0 and " 0 failed" in p.stdout, p.stdout)
    fill = {"id": name, "ident": name.replace("-", "_"), "word": name.replace("_", "-")}
    p = subprocess.run([allora] + [w.format(**fill) for w in words], cwd=name, text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=surroundings(XDG_DATA_HOME=data))
    check(f"{name} works", p.returncode == 0 and expected in p.stdout, p.stdout)


if not SANITIZED and shutil.which("cmake"):
    prefix = installed()
    for kind in KINDS:
        for language in ("c", "cpp"):
            if language == "c" or shutil.which("c++"):
                try_out(kind, language, prefix)

done()
