"""`python -m tests.golden`: regenerate the golden files, and remove those that nothing makes any more."""

from __future__ import annotations

import sys

from .record import GOLDEN, files, on_disk


def main() -> int:
    made = files()
    before = on_disk()
    for path in sorted(before.keys() - made.keys()):
        (GOLDEN / path).unlink()
        print(f"removed  {path}")
    for path, text in sorted(made.items()):
        if before.get(path) != text:
            (GOLDEN / path).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / path).write_text(text, encoding="utf-8")
            print(f"{'changed' if path in before else 'added  '}  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
