"""The interactive SQL shell at a real terminal: lines, history, completion, dot commands, interruption."""
import os
import stat
import subprocess
import time

from common_cli import ALLORA, Terminal, check, done, equal, failures, plain, room, run, surroundings

PROMPT = r"allora> "

t = Terminal(ALLORA, "query", columns=100)
t.expect(r"\.help says more")
t.expect(PROMPT)
t.line("select 1 as one, 'x' as text;")
seen = plain(t.expect(r"1 row.*?" + PROMPT))
check("a statement runs", "one  text" in seen and "  1  x" in seen, seen)

t.line("select 2 as two,")
t.expect(r"\.\.\.> ")
t.line("';' as semi -- ; not the end")
t.expect(r"\.\.\.> ")
t.line(";")
seen = plain(t.expect(r"1 row.*?" + PROMPT))
check("a statement spans lines", "two  semi" in seen, seen)

t.line("select 1 as a; select 2 as b;")
seen = plain(t.expect(r"1 row.*?1 row.*?" + PROMPT))
check("two statements on a line", "\n  b\n" in seen.replace("  b ", "  b"), seen)

t.line("select * from host_proces;")
seen = plain(t.expect(r"error:.*?" + PROMPT))
check("an error has its caret", "^^^^^^^^^^^" in seen and "did you mean" in seen, seen)

t.line(".mode json")
t.expect(PROMPT)
t.line("select 3 as n;")
seen = plain(t.expect(r"\]\s*" + PROMPT))
check(".mode json", '[\n{"n":3}\n]' in seen, seen)
t.line(".mode table")
t.expect(PROMPT)
t.line(".mode nonsense")
check(".mode checks its word", "no such format" in plain(t.expect(PROMPT)))
t.line(".timer on")
t.expect(PROMPT)
t.line("select 4;")
check(".timer on", "time 0." in plain(t.expect(r"time.*?" + PROMPT)))
t.line(".timer off")
t.expect(PROMPT)
t.line(".tables host_proc*")
check(".tables", "host_process" in plain(t.expect(r"1 row.*?" + PROMPT)))
t.line(".schema host_memory")
check(".schema", "bytes" in plain(t.expect(r"rows.*?" + PROMPT)))
t.line(".nonsense")
check("an unknown dot command", ".help names them" in plain(t.expect(r"hint.*?" + PROMPT)))

# Completion: a table after from, a column of it, a keyword; the arrow recalls.
t.send("select count(*) as n from host_memo\t")
t.expect(r"ry ")  # the rest of host_memory
t.line(";")
check("Tab completes a table", "\n  n" in plain(t.expect(r"1 row.*?" + PROMPT)))
t.send("sel\t")
t.expect(r"ect ")
t.line("5 as five;")
t.expect(r"1 row.*?" + PROMPT)
t.send("\x1b[A")  # up
t.expect(r"5 as five;")
t.send("\r")
check("history recalls", "five" in plain(t.expect(r"1 row.*?" + PROMPT)))
t.send(".ta\t")
t.expect(r"bles ")

# Ctrl-C at the prompt drops the line, inside a statement too.
t.send("\x03")
t.expect(PROMPT)
t.line("select 1,")
t.expect(r"\.\.\.> ")
t.send("\x03")
t.expect(PROMPT)

# Ctrl-C during a query ends the query, not the shell.
t.line("with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c;")
time.sleep(0.7)
t.send("\x03")
seen = plain(t.expect(PROMPT))
check("Ctrl-C ends the query", "error:" in seen, seen)
t.line("select 'alive' as state;")
check("and the shell goes on", "alive" in plain(t.expect(r"1 row.*?" + PROMPT)))
t.send("\x04")
code, _ = t.finish()
equal("Ctrl-D leaves", code, 0)

history = room + "/home/.local/state/allora/history-sql"
check("history is kept", os.path.exists(history) and "five" in open(history).read())
equal("history is private", stat.S_IMODE(os.stat(history).st_mode), 0o600)

# The next shell has it.
t = Terminal(ALLORA, "query")
t.expect(PROMPT)
t.send("\x1b[A")
t.expect(r"alive")
t.send("\x03")
t.expect(PROMPT)
t.line(".quit")
code, _ = t.finish()
equal(".quit leaves", code, 0)

# SIGTERM at the prompt: a clean end, the terminal as it was.
script = (f"stty -a > {room}/before; {ALLORA} query; echo code=$?; stty -a > {room}/after")
t = Terminal("/bin/sh", "-c", script)
t.expect(PROMPT)
subprocess.run(["pkill", "-TERM", "-P", str(t.pid)], check=False)
t.expect(r"code=\d+")
t.finish()
equal("the terminal is as it was", open(room + "/after").read(), open(room + "/before").read())

# Without a terminal the statement comes from standard input; an empty one is an error.
rc, out, err = run("query", "-o", "csv", stdin=b"select 1 as n\n")
equal("from standard input", (rc, out), (0, "n\r\n1\r\n"))
rc, out, err = run("query", "-", "-o", "csv", stdin=b"select 2 as n;")
equal("- is standard input", (rc, out), (0, "n\r\n2\r\n"))
rc, out, err = run("query", stdin=b"")
equal("nothing on standard input", rc, 2)
check("says what is missing", "<sql> is missing" in err, err)
done()
