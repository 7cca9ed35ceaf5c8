"""`python -m tests.verdict [IDS] [--changes SET] [--kind KIND]`: how the preview judges what was judged
by hand.
"""

from __future__ import annotations

import argparse
import sys

from . import runner


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.verdict", description="Judge the changes of all sets.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="these changes alone")
    parser.add_argument("--changes", choices=sorted(runner.SETS), help="the changes of this set alone")
    parser.add_argument("--kind", choices=("danger", "harmless"), help="these alone")
    parser.add_argument("--wrong", action="store_true", help="show the wrong ones alone")
    parser.add_argument("--explain", action="store_true", help="say what closed the gate, and why it should")
    parser.add_argument("--processes", type=int, default=2, metavar="N", help="how many at once (2)")
    options = parser.parse_args()
    sets = [options.changes] if options.changes else list(runner.SETS)
    known = [entry for name in sets for entry in runner.entries(runner.SETS[name])]
    unknown = sorted(set(options.ids) - {entry.id for entry in known})
    if unknown:
        parser.error(f"no change is called {', '.join(unknown)}")
    chosen = [
        entry
        for entry in known
        if (not options.ids or entry.id in options.ids)
        and (options.kind is None or entry.danger == (options.kind == "danger"))
    ]
    results = list(runner.run(chosen, options.processes))
    wrong = [result for result in results if result.status != "right"]
    shown = wrong if options.wrong else results
    print(runner.table(shown))
    if options.wrong:
        print("of all:", *runner.counts(results), sep="\n")
    if options.explain:
        for result in shown:
            print("", f"{result.entry.id} ({result.status})", f"  by hand: {result.entry.why}", sep="\n")
            print(*(f"  {text}" for text in result.texts or ("the gate stays open",)), sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
