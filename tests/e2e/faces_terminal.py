"""Two test faces at a terminal: a chat by lines and a full-screen one. Ctrl-C, history, completion, size, crashes."""
import fcntl
import os
import re
import signal
import struct
import termios
import time

from common_cli import ALLORA, SLOW, Terminal, check, done, equal, failures, plain, room, run, surroundings

PLUGINS = os.environ["BUILD_DIR"] + "/tests/plugins"
HOST = os.environ.get("FACES_HOST", "direct")


def path(*names):
    return ":".join(f"{PLUGINS}/{name}.so" for name in names)


def env():
    return surroundings(ALLORA_PLUGINS__HOST=None if HOST == "direct" else HOST)


# ---- a chat: turns stream, Ctrl-C stops one, lines have history and completion ----
def chat(*more):
    return Terminal(ALLORA, "--plugin-path", path("linechat", "parrot"), "linechat", "--agent", "parrot", *more, env=env())


t = chat()
t.expect(r"you> ")
t.line("select 7 as seven")
t.expect(r"There are 1 rows")
t.expect(r"you> ")
t.line("slow")
time.sleep(1.5 * SLOW)
t.send("\x03")
t.expect(r"\(stopped\)")
t.expect(r"you> ")
t.line("select 8 union select 9")
t.expect(r"There are 2 rows")
t.expect(r"you> ")
t.line("slow")  # a second time: the first Ctrl-C of this turn again
time.sleep(1.5 * SLOW)
t.send("\x03")
t.expect(r"\(stopped\)")
t.expect(r"you> ")
t.send("half a li\x03")
t.expect(r"\(/quit leaves\)")
t.expect(r"you> ")
t.send("/pi\t")
t.expect(r"eces")  # the rest of it
t.send("\r")
seen = t.expect(r"pieces=\d+")
m = re.search(r"pieces=(\d+)", plain(seen))
check("the answers came in pieces", m and int(m.group(1)) >= 2, seen)
t.expect(r"you> ")
t.send("\x1b[A\x1b[A")  # the line before /pieces
t.expect(r"slow|select 8")
t.send("\x15/quit\r")
code, text = t.finish()
equal("/quit", code, 0)

t = chat()  # another process has the history
t.expect(r"you> ")
t.send("\x1b[A")
t.expect(r"/quit")
t.send("\x15")
t.send("\x04")
code, text = t.finish()
equal("Ctrl-D", code, 0)

t = chat()  # SIGTERM ends the chat, not only the turn
t.expect(r"you> ")
t.line("slow")
time.sleep(1.5 * SLOW)
os.kill(t.pid, signal.SIGTERM)
code, text = t.finish()
equal("SIGTERM during a turn", code, 130)

rc, out, err = run("--plugin-path", path("linechat", "parrot"), "linechat", "--agent", "parrot",
                   stdin=b"select 5 as five\n/pieces\n", env=env())
check("from a pipe", rc == 0 and "There are 1 rows" in out and "pieces=" in out and "you>" not in out, (rc, out, err))


# ---- the whole screen ----
ON, OFF = "\x1b[?1049h", "\x1b[?1049l"


def in_shell(*args):
    """In a shell that notes the terminal's state before and after."""
    words = " ".join(args)
    t = Terminal("/bin/sh", "-c", f"trap : INT TERM; stty -a > {room}/before; {ALLORA} --plugin-path {path('dash')} {words} "
                 f"2>{room}/err; echo code=$?.; stty -a > {room}/after; echo end", env=env())
    seen = t.expect(r"size=80x24 keys=0")
    check("the page of its own, and no cursor", ON in seen and "\x1b[?25l" in seen, seen)
    return t


def the_end(t, what, code, exact=True):
    seen = t.expect(rf"code={code}\.")
    t.expect(r"end")
    t.finish()
    if exact:
        check(f"{what}: the page is back", seen.count(OFF) == 1 and seen.rindex("\x1b[?25h") > 0 and ON not in seen, seen)
        equal(f"{what}: the terminal", open(room + "/after").read(), open(room + "/before").read())


t = in_shell("dash")
t.send("a")
t.expect(r"keys=1")
fcntl.ioctl(t.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
t.expect(r"size=100x40 keys=1")
t.send("p")
seen = t.expect(r"keys=2")
check("the ordinary page for a moment", re.search(r"\?1049l.*on the ordinary page.*\?1049h", seen, re.S), seen)
t.send("q")
the_end(t, "q", 0, exact=False)

t = in_shell("dash")
t.send("q")
the_end(t, "leaving", 0)
t = in_shell("dash", "--leave", "as-is")
t.send("q")
the_end(t, "a face that forgets to close", 0)
t = in_shell("dash")
t.send("\x03")
the_end(t, "Ctrl-C as a key", 130)
t = in_shell("dash", "--keys", "lines")
t.send("\x03")
the_end(t, "Ctrl-C as a signal", 130)


def children(pid):
    try:
        return [int(p) for p in open(f"/proc/{pid}/task/{pid}/children").read().split()]
    except OSError:
        return []


t = in_shell("dash")
for pid in children(t.pid):
    os.kill(pid, signal.SIGTERM)
the_end(t, "SIGTERM", 130)
t = in_shell("dash")
t.send("h")  # hangs from here on
time.sleep(1 * SLOW)
for _ in range(2):
    for pid in children(t.pid):
        os.kill(pid, signal.SIGTERM)
    time.sleep(0.5 * SLOW)
the_end(t, "SIGTERM twice, while it hangs", 130)
if SLOW == 1:  # a sanitizer has handlers of its own
    t = in_shell("dash")
    t.send("x")
    the_end(t, "a crash", 139)
    t = in_shell("dash")
    t.send("o")
    the_end(t, "a stack that has run out", 139)

rc, out, err = run("--plugin-path", path("dash"), "dash", env=env())
check("no terminal", rc == 1 and "no terminal" in err and "\x1b" not in out, (rc, out, err))
done()
