"""The authors' kit from the outside: plugin new writes what builds, is green and works, in every kind
and language, with CMake and with pkg-config, from an installed copy alone."""
import json
import os
import shutil
import subprocess


from common_cli import check, done, equal, room, run, surroundings

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
