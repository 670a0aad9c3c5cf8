"""plugin install, remove, enable, disable, pin: from files, folders and archives, good and hostile ones; as root and
as an ordinary user."""
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile

from common_bad_plugins import BROKEN, FIXTURES, place
from common_cli import Terminal, check, done, plain, room, run, surroundings

if not os.path.isdir(FIXTURES):
    sys.exit(77)
ALLORA = os.environ["ALLORA"]
MODULE = os.environ["BUILD_DIR"] + "/lib/allora/modules/archive.so"
env = surroundings()
home = env["HOME"]
plugins = home + "/.local/share/allora/plugins"
config = home + "/.config/allora/config.yaml"
sources = room + "/sources"
os.mkdir(sources)


def fixture(name, changes=()):
    with open(f"{FIXTURES}/{name}/{name}.so", "rb") as f:
        content = f.read()
    for old, new in changes:
        assert len(old) == len(new) and old in content, old
        content = content.replace(old, new)
    return content


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)
    return path


def installed():
    return sorted(os.listdir(plugins)) if os.path.isdir(plugins) else []


def read(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def call(code, *args, out="", err="", **more):
    """One run: its exit code and words that stdout and stderr must hold."""
    rc, stdout, stderr = run(*args, env=env, **more)
    check(f"{' '.join(args)}: exit {code}, {out!r}, {err!r}", rc == code and out in stdout and err in stderr,
          f"exit {rc}\n{stdout[-900:]}\n{stderr[-900:]}")
    return stdout


# --- a file: what it brings, where it goes, its digest -------------------------------------------------------
first = write(sources + "/fixture.so", fixture("fixture"))
said = call(0, "plugin", "install", "--dry-run", first, out="dry run")
check("a dry run places nothing", installed() == [] and read(config) == "", installed())
said = call(0, "plugin", "install", first, out="fixture.so")
for words in ("fixture 1.2.3", "brings 1 command: fixture config", "brings 4 operations", "may use invoke: echo.*",
              "sha256:"):
    check(f"it says {words}", words in said, said)
check("it is there alone", installed() == ["fixture.so"], installed())
mode = os.stat(plugins + "/fixture.so").st_mode & 0o777
check("others cannot write it", mode == 0o644 and os.stat(plugins).st_mode & 0o022 == 0, oct(mode))
check("the digest is recorded", "fixture: sha256:" in read(config), read(config))
call(0, "fixture", "config", "answer", out="42")
call(0, "plugin", "list", "-o", "json", out='"pinned"')
info = json.loads(call(0, "plugin", "info", "fixture", "-o", "json"))
check("info has the digest", info["digest"] == info["pinned"] and info["trust"] == "pinned", info)
call(0, "plugin", "install", first, out="in place already")

# --- another version --------------------------------------------------------------------------------------------
newer = write(sources + "/newer/fixture-new.so", fixture("fixture", [(b'"version": "1.2.3"', b'"version": "1.3.0"')]))
call(1, "plugin", "install", newer, out="fixture 1.2.3 → 1.3.0", err="--force replaces it")
check("nothing was replaced", b"1.2.3" in open(plugins + "/fixture.so", "rb").read())
call(0, "plugin", "install", "--force", newer, out="fixture 1.2.3 → 1.3.0")
check("under its id's name, and alone", installed() == ["fixture.so"], installed())
call(0, "fixture", "config", "answer", out="42")

# --- at a terminal: it asks -------------------------------------------------------------------------------------
for answer, version in (("n", "1.3.0"), ("y", "1.2.3")):
    t = Terminal(ALLORA, "plugin", "install", first, env=env)
    t.expect(r"1\.3\.0 → 1\.2\.3")
    t.expect(r"Replace fixture\? \[y/N\] ")
    t.line(answer)
    code, text = t.finish()
    info = json.loads(call(0, "plugin", "info", "fixture", "-o", "json"))
    check(f"answered {answer}", code == 0 and info["version"] == version, (code, plain(text), info["version"]))

# --- changed behind allora's back ---------------------------------------------------------------------------------
write(plugins + "/fixture.so", fixture("fixture", [(b'"version": "1.2.3"', b'"version": "6.6.6"')]))
call(7, "fixture", "config", "answer", err="its digest is not the recorded one")
call(7, "plugin", "doctor", "fixture", out="trust")
call(0, "plugin", "pin", "fixture", out="from now on")
call(0, "fixture", "config", "answer", out="42")
call(0, "plugin", "pin", "fixture", "--remove")
check("no digest is left", "digests" not in read(config), read(config))
write(plugins + "/fixture.so", fixture("fixture"))
call(0, "fixture", "config", "answer", out="42")

# --- enable and disable keep what else stands in the file ------------------------------------------------------------
write(config, b"# mine\nplugins:\n  disable: [other] # not that one\noutput:\n  color: never\n")
call(0, "plugin", "disable", "fixture", out="is not used from now on")
check("comments stay", "# mine" in read(config) and "other" in read(config) and "color: never" in read(config),
      read(config))
call(7, "fixture", "config", "answer", err="allora plugin enable fixture")
call(0, "plugin", "disable", "fixture", out="disabled already")
call(0, "plugin", "enable", "fixture", out="is used from now on")
call(0, "fixture", "config", "answer", out="42")
check("what was there is there", "other" in read(config) and "fixture" not in read(config), read(config))
call(0, "plugin", "disable", "fix*", out="fix* is not used")
call(1, "plugin", "enable", "fixture", err='has "fix*"')
call(4, "plugin", "disable", "fixtrue", err="did you mean fixture?")
call(2, "plugin", "disable", "plugin", err="plugin enable")
os.remove(config)

# --- remove ------------------------------------------------------------------------------------------------------------
call(3, "plugin", "remove", "host", err="not in your own plugin folder")
call(0, "plugin", "remove", "fixture", out="removed")
check("it is gone", installed() == [], installed())
call(7, "fixture", "config", "answer", err="is not installed")

# --- conflicts are found before anything is placed ---------------------------------------------------------------------
call(0, "plugin", "install", first)
thief = write(sources + "/thief.so", fixture("thief"))
call(1, "plugin", "install", thief, err='the command "fixture config" is claimed by')
usurper = write(sources + "/usurper.so", fixture("thief", [(b'["fixture", "config"]', b'["plugin",  "list"]  ')]))
call(1, "plugin", "install", usurper, err='plugin "plugin" would not work any more')
call(0, "plugin", "list")
two = sources + "/two"
write(two + "/a.so", fixture("fixture"))
write(two + "/b.so", fixture("twin"))
call(1, "plugin", "install", two, err='the id "fixture"')
check("nothing came of it", installed() == ["fixture.so"], installed())
call(0, "plugin", "remove", "fixture")

# --- every static check, before anything is placed ----------------------------------------------------------------------
codes = ("read", "manifest", "abi", "entry", "trust", "conflict")
for variant, make, stage, _, message, hint in BROKEN:
    if stage not in codes or variant == "null":
        continue
    os.makedirs(sources + "/bad", exist_ok=True)
    place(sources + "/bad", variant, make)
    rc, out, err = run("plugin", "install", f"{sources}/bad/{variant}.so", env=env)
    check(f"{variant} is not installed", rc not in (0, None) and message in err and hint in err, (rc, err))
check("nothing came of them", installed() == [], installed())

# --- folders and archives -------------------------------------------------------------------------------------------------
pair = sources + "/pair"
write(pair + "/embeds_one.so", fixture("embeds_one"))
write(pair + "/embeds_two.so", fixture("embeds_two"))
write(pair + "/README", b"not a plugin")
call(0, "plugin", "install", pair, out="embeds_two.so")
check("both are there", installed() == ["embeds_one.so", "embeds_two.so"], installed())
for name in ("embeds_one", "embeds_two"):
    call(0, "plugin", "remove", name)
os.mkdir(sources + "/empty")
call(2, "plugin", "install", sources + "/empty", err="there is no plugin")
os.symlink(first, sources + "/empty/link.so")
call(2, "plugin", "install", sources + "/empty", err="links are not followed")
call(4, "plugin", "install", sources + "/absent.so", err="No such file")
call(2, "plugin", "install", write(sources + "/plugin.txt", b"x"), err="no plugin by its name")


def tar(name, members, mode="w:gz"):
    path = sources + "/" + name
    with tarfile.open(path, mode) as t:
        for info, content in members:
            if isinstance(info, str):
                info = tarfile.TarInfo(info)
                info.size = len(content)
            t.addfile(info, io.BytesIO(content))
    return path


def special(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info, b""


good = ("acme-1.0/lib/fixture.so", fixture("fixture"))
if not os.path.exists(MODULE):
    call(1, "plugin", "install", tar("good.tar.gz", [good]), err="libarchive")
else:
    for name, mode in (("good.tar.gz", "w:gz"), ("good.tgz", "w:gz"), ("good.tar", "w")):
        call(0, "plugin", "install", tar(name, [("acme-1.0/README", b"hello"), good], mode), out="installed")
        check("from " + name, installed() == ["fixture.so"], installed())
        call(0, "fixture", "config", "answer", out="42")
        call(0, "plugin", "remove", "fixture")
    with zipfile.ZipFile(sources + "/good.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("acme/fixture.so", good[1])
    call(0, "plugin", "install", sources + "/good.zip", out="installed")
    call(0, "plugin", "remove", "fixture")

    HOSTILE = [
        ("up", [("../../evil.so", good[1])], "leads out of the archive"),
        ("deep", [("a/b/../../../evil.so", good[1])], "leads out of the archive"),
        ("absolute", [("/tmp/evil.so", good[1])], "leads out of the archive"),
        ("symlink", [special("fixture.so", tarfile.SYMTYPE, "/etc/passwd")], "is a link"),
        ("hardlink", [good, special("other.so", tarfile.LNKTYPE, good[0])], "is a link"),
        ("device", [special("fixture.so", tarfile.CHRTYPE)], "neither a file nor a folder"),
        ("fifo", [special("fixture.so", tarfile.FIFOTYPE)], "neither a file nor a folder"),
        ("late", [good, ("../evil", b"x")], "leads out of the archive"),
        ("control", [("a\x1b[2J.so", good[1])], "has a name that no plugin"),
        ("twice", [good, ("other/fixture.so", good[1])], "two files named"),
        ("many", [("f%d" % i, b"") for i in range(10001)], "more than 10000 members"),
        ("none", [("README", b"x")], "there is no plugin"),
    ]
    for name, members, words in HOSTILE:
        path = tar(name + ".tar.gz", members)
        rc, out, err = run("plugin", "install", path, env=env)
        check(f"hostile archive {name}", rc in (2, 3) and words in err, (rc, err))
    with zipfile.ZipFile(sources + "/up.zip", "w") as z:
        z.writestr("../evil.so", good[1])
    call(3, "plugin", "install", sources + "/up.zip", err="leads out of the archive")

    def bomb(name, member, mib):
        """A small file that unpacks to many zeros."""
        path = f"{sources}/{name}.tar.gz"
        info = tarfile.TarInfo(member)
        info.size = mib << 20
        with gzip.open(path, "wb", compresslevel=1) as f:
            f.write(info.tobuf())
            for _ in range(mib):
                f.write(bytes(1 << 20))
            f.write(bytes(1024))
        return path

    call(3, "plugin", "install", bomb("bomb", "fixture.so", 300), err="larger than 256 MiB")
    call(3, "plugin", "install", bomb("passed-over", "data", 600), err="512 MiB")
    whole = open(sources + "/good.tar.gz", "rb").read()
    write(sources + "/cut.tar.gz", whole[:len(whole) // 2])
    call(2, "plugin", "install", sources + "/cut.tar.gz", err="cannot be read as an archive")
    write(sources + "/text.zip", b"this is no archive")
    call(2, "plugin", "install", sources + "/text.zip", err="cannot be read as an archive")
check("nothing came of those, and nothing waits", installed() == [], installed())
check("nothing was written elsewhere", not os.path.exists(sources + "/evil.so") and not os.path.exists("/tmp/evil.so"))

# --- a folder that others can write is no place for plugins ------------------------------------------------------------------
os.chmod(home + "/.local/share", 0o777)
call(3, "plugin", "install", first, err="can be written by everyone")
os.chmod(home + "/.local/share", 0o755)
shutil.rmtree(home)

# --- and as somebody else -----------------------------------------------------------------------------------------------------
if os.geteuid() == 0 and shutil.which("setpriv") and "AS_USER" not in os.environ:
    somebody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    # In a home of root's own neither the program nor this script is theirs to read.
    reach = subprocess.run(somebody + ["sh", "-c", '"$0" version && test -r "$1"', ALLORA, os.path.abspath(__file__)],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(env, HOME="/proc/none"),
                           check=False)
    if reach.returncode == 0:
        p = subprocess.run(somebody + [sys.executable, os.path.abspath(__file__)], cwd="/",
                           env=dict(os.environ, AS_USER="1"), capture_output=True, text=True, check=False)
        check("as an ordinary user", p.returncode == 0, p.stdout[-2500:] + p.stderr[-2500:])
done()
