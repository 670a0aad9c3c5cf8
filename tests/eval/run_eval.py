#!/usr/bin/env python3
"""Asks the offline agent every question of a set and compares rows with the reference's.  See README.md for format and scoring.

    run_eval.py --allora build/release/bin/allora --plugins build/release/tests/plugins [--set open|sealed|both] [--show ID]

Exit 1 under 95 % right on the open set, 80 % on the sealed one, or with any wrong answer on either.
Of the sealed set only scores and the ids of wrong answers are printed."""
import argparse
import collections
import concurrent.futures
import datetime
import itertools
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
GOALS = {"open": 0.95, "sealed": 0.80}
Outcome = collections.namedtuple("Outcome", "id question verdict detail")


def only_acme(plugins, home):
    """The folder may hold other tests' plugins, which are no part of the estate."""
    folder = pathlib.Path(home) / "plugins"
    folder.mkdir(exist_ok=True)
    link = folder / "acme.so"
    if not link.exists():
        link.symlink_to(pathlib.Path(plugins).resolve() / "acme.so")
    return str(folder)


def recorded_time():
    """When the machine was recorded (docs/host.md has the format)."""
    for line in (SOURCE / "tests/data/hosttree/recorded.tsv").read_text().splitlines():
        cells = line.split("\t")
        if cells[:2] == ["machine", "now_us"]:
            at = datetime.datetime.fromtimestamp(int(cells[2]) // 1000000, datetime.timezone.utc)
            return at.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise RuntimeError("the recorded tree does not say when it was recorded")


class Allora:
    """The real binary over the recorded machine and the recorded estate, with a home of its own."""

    def __init__(self, binary, plugins, home):
        self.binary = binary
        self.now = recorded_time()
        self.env = {
            "PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", "TERM": "dumb", "TZ": "UTC",
            "ALLORA_PLUGIN_PATH": only_acme(plugins, home),
            "ALLORA_PROVIDERS__HOST__ROOT": str(SOURCE / "tests/data/hosttree"),
            "ALLORA_PROVIDERS__ACME__FILE": str(SOURCE / "tests/data/acme.json"),
            "ALLORA_TEST_NOW": self.now,
        }
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def run(self, *args):
        done = subprocess.run([self.binary, *args], env=self.env, capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

    def query(self, sql):
        code, out, err = self.run("query", "-o", "json", sql)
        if code not in (0, 5):
            raise RuntimeError(f"reference does not run (exit {code}): {sql}\n{err}")
        return json.loads(out)

    def ask(self, question, session):
        code, out, err = self.run("ask", "--agent", "offline", "-o", "json", "--session", session or "new", "--", question)
        try:
            return code, json.loads(out), err
        except json.JSONDecodeError:
            return code, None, err


def same(want, got):
    """One cell.  Rounding for display is no error; a different number is."""
    if isinstance(want, bool) or isinstance(got, bool):
        return got is not None and want is not None and not isinstance(got, str) and float(want) == float(got)
    if isinstance(want, (int, float)) and isinstance(got, (int, float)):
        return want == got or math.isclose(want, got, rel_tol=1e-3, abs_tol=1e-9) and not (isinstance(want, int) and isinstance(got, int))
    return want == got


def same_row(want, got):
    return all(same(w, g) for w, g in zip(want, got))


def same_rows(want, got, ordered):
    if len(want) != len(got):
        return False
    if ordered:
        return all(same_row(w, g) for w, g in zip(want, got))
    left = list(got)
    for w in want:
        hit = next((i for i, g in enumerate(left) if same_row(w, g)), None)
        if hit is None:
            return False
        del left[hit]
    return True


def without_repeats(rows):
    return [row for i, row in enumerate(rows) if row not in rows[:i]]


def rows_match(reference, answer, ordered, ordered_by, distinct):
    """Is there a column of the answer for each column of the reference, so that the rows are the same?
    Where the reference asks which different values there are, the answer may show one more than once."""
    if not reference or not answer:
        return not reference and not answer
    if len(reference) != len(answer) and not distinct:
        return False
    columns = [ordered_by] if ordered_by else list(reference[0])
    want = [[row[c] for c in columns] for row in reference]
    names = list(answer[0])
    for chosen in itertools.permutations(names, len(columns)):
        got = [[row.get(c) for c in chosen] for row in answer]
        if same_rows(want, without_repeats(got) if distinct else got, ordered):
            return True
    return False


def answer_rows(allora, document):
    """The rows an answer stands on: of the receipts it shows, else of the last one."""
    receipts = document.get("receipts") or []
    chosen = [r for r in receipts if r["n"] in (document.get("show") or [])] or receipts[-1:]
    for receipt in chosen:
        yield allora.query(receipt["sql"]) if receipt.get("truncated") else receipt["rows"]


def judge(allora, item, code, document, stderr):
    kind = item.get("kind", "rows")
    if code == 2 or (document or {}).get("reason") == "refusal":
        return ("right" if kind.startswith("decline") else "declined"), "declined: " + ((document or {}).get("answer") or stderr)
    if document is None or code not in (0, 5):
        return "declined", f"exit {code}: {stderr}"
    text = document.get("answer", "")
    if kind == "decline":
        return "wrong", "answered what it can't know: " + text
    if kind == "yesno":
        value = list(allora.query(item["sql"].replace("$NOW", allora.now))[0].values())[0]
        want = "yes" if value and value > 0 else "no"
        return ("right" if text.lower().startswith(want) else "wrong"), f"wanted {want}: {text}"
    for sql in [item["sql"], *item.get("sql_also", [])]:
        reference = allora.query(sql.replace("$NOW", allora.now))
        distinct = sql.lower().startswith("select distinct")
        if any(rows_match(reference, rows, item.get("ordered", False), item.get("ordered_by"), distinct)
               for rows in answer_rows(allora, document)):
            return "right", text
    sqls = "; ".join(r.get("sql") or "" for r in document.get("receipts") or [])
    return "wrong", f"{text}\n      its SQL: {sqls}\n      reference: {item['sql']}"


def ask_all(allora, item):
    """A question and its follow-ups, in one session."""
    session, outcomes = None, []
    for step, part in enumerate([item, *item.get("then", [])]):
        name = item["id"] + ("" if not step else f".{step}")
        code, document, err = allora.ask(part["q"], session)
        verdict, detail = judge(allora, part, code, document, err)
        outcomes.append(Outcome(name, part["q"], verdict, detail))
        session = (document or {}).get("session") or session
    return outcomes


def load(name):
    for path in sorted((HERE / name).glob("*.jsonl")):
        for line in path.read_text().splitlines():
            if line.strip():
                yield json.loads(line)


def run_set(name, args):
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool, tempfile.TemporaryDirectory() as home:
        homes = iter(range(1 << 30))

        def one(item):
            own = os.path.join(home, str(next(homes)))
            os.mkdir(own)
            return ask_all(Allora(args.allora, args.plugins, own), item)

        wanted = [i for i in load(name) if not args.show or i["id"] in args.show]
        for result in pool.map(one, wanted):
            outcomes += result
    count = collections.Counter(o.verdict for o in outcomes)
    share = count["right"] / max(1, len(outcomes))
    for o in outcomes:
        if name == "sealed":
            if o.verdict == "wrong":
                print(f"sealed {o.id}: wrong")
        elif o.verdict != "right" or args.show:
            print(f"{o.verdict:9}{o.id}  {o.question}\n      {o.detail.strip()}")
    print(f"{name}: {len(outcomes)} questions, {count['right']} right ({100 * share:.1f} %), "
          f"{count['declined']} declined, {count['wrong']} wrong; goal {100 * GOALS[name]:.0f} % and none wrong")
    return share >= GOALS[name] and not count["wrong"]


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--allora", required=True)
    ap.add_argument("--plugins", required=True, help="folder of the acme plugin")
    ap.add_argument("--set", choices=["open", "sealed", "both"], default="both")
    ap.add_argument("--show", nargs="*", help="only these questions of the open set, with their answers")
    ap.add_argument("--jobs", type=int, default=2)
    args = ap.parse_args()
    if args.show and args.set != "open":
        ap.error("--show goes with --set open")
    passed = [run_set(name, args) for name in (["open", "sealed"] if args.set == "both" else [args.set])]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
