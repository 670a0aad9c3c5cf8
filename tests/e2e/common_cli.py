"""What the tests of the command line share: a clean home, runs, and a person at a terminal."""
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

ALLORA = os.environ["ALLORA"]
SOURCE = os.environ["SOURCE_DIR"]
SLOW = 3 if os.environ.get("ALLORA_SANITIZED") else 1
room = tempfile.mkdtemp()
failures = []


def surroundings(**changes):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("XDG_", "ALLORA_")) and k not in ("NO_COLOR", "PAGER", "COLUMNS", "LINES")}
    env.update(HOME=room + "/home", LC_ALL="C.UTF-8", TERM="xterm-256color", PS1="$ ")
    for key, value in changes.items():
        if value is None:
            env.pop(key, None)
        else:
            env[key] = value
    os.makedirs(room + "/home", exist_ok=True)
    return env


def run(*args, stdin=b"", env=None, timeout=30, **more):
    """(exit code, stdout, stderr) as text; a signal or a hang is a failure."""
    more.setdefault("stdout", subprocess.PIPE)
    more.setdefault("stderr", subprocess.PIPE)
    if "preexec_fn" not in more and "pass_stdin" not in more:
        more["input"] = stdin
    more.pop("pass_stdin", None)
    try:
        p = subprocess.run([ALLORA, *args], env=env or surroundings(), timeout=timeout * SLOW, **more)
    except subprocess.TimeoutExpired:
        failures.append(f"{args}: no end after {timeout * SLOW} s")
        return None, "", ""
    out = (p.stdout or b"").decode(errors="replace")
    err = (p.stderr or b"").decode(errors="replace")
    if p.returncode < 0:
        failures.append(f"{args}: died of signal {-p.returncode}: {err[-400:]}")
    if "Sanitizer" in err or "runtime error:" in err:
        failures.append(f"{args}: {err[-1500:]}")
    return p.returncode, out, err


def check(what, holds, detail=""):
    if not holds:
        failures.append(f"{what}: {str(detail)[:1500]}")


def equal(what, got, expected):
    if got != expected:
        failures.append(f"{what}:\n  got      {got!r}\n  expected {expected!r}")


class Terminal:
    """A program at a terminal of its own, in a session of its own, so that Ctrl-C reaches it."""

    def __init__(self, *argv, columns=80, rows=24, env=None, stderr_apart=False):
        self.text = ""
        self.code = None
        self.err_file = tempfile.TemporaryFile() if stderr_apart else None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            if self.err_file:
                os.dup2(self.err_file.fileno(), 2)
            os.execvpe(argv[0], list(argv), env or surroundings())
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def pump(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.text += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern, timeout=15):
        """Waits for the pattern in what has not been matched yet; returns what stood before and it."""
        end = time.monotonic() + timeout * SLOW
        while True:
            m = re.search(pattern, self.text, re.S)
            if m:
                seen, self.text = self.text[:m.end()], self.text[m.end():]
                return seen
            if time.monotonic() > end or not self.pump(0.2):
                m = re.search(pattern, self.text, re.S)
                if m:
                    continue
                failures.append(f"waited for {pattern!r}, saw {self.text[-1500:]!r}")
                self.kill()
                return self.text

    def send(self, text):
        os.write(self.fd, text.encode())

    def line(self, text):
        self.send(text + "\r")

    def finish(self, timeout=15):
        """Reads to the end; (exit code, the rest of the text)."""
        end = time.monotonic() + timeout * SLOW
        while time.monotonic() < end and self.pump(0.2) and self.code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
                while self.pump(0.1) and select.select([self.fd], [], [], 0)[0]:
                    pass
        if self.code is None:
            try:
                for _ in range(20):
                    pid, status = os.waitpid(self.pid, os.WNOHANG)
                    if pid:
                        self.code = os.waitstatus_to_exitcode(status)
                        break
                    time.sleep(0.1)
            except ChildProcessError:
                pass
        if self.code is None:
            failures.append(f"no end; saw {self.text[-1500:]!r}")
            self.kill()
        os.close(self.fd)
        return self.code, self.text

    def kill(self):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.code = -9


def plain(text):
    """Without colours, cursor movements and carriage returns."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>]|\r", "", text)


def done():
    shutil.rmtree(room, ignore_errors=True)
    for f in failures:
        print("FAILED:", f)
    sys.exit(1 if failures else 0)
