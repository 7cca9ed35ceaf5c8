"""Text that a terminal, a runner's log or a reader's eye takes for nothing but text."""

from __future__ import annotations

import unicodedata

# Displayed as nothing, or as a blank, without being in a category that says so.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))


def seen(character: str) -> bool:
    """Whether a character is displayed, and neither controls a terminal nor turns the direction of others."""
    return unicodedata.category(character) not in _CATEGORIES and character not in _UNSEEN


def printable(text: str, keep: str = "") -> str:
    """The text with whatever is not seen written as JSON and Python write it, `\\u202e`; ``keep`` stays as it is."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or seen(c) else _written(c) for c in text)


def printable_lines(text: str) -> str:
    """Lines for a terminal or a log: `printable` but for their breaks, and none that GitHub's runner takes for a command."""
    lines = printable(text, keep="\n\t").split("\n")
    return "\n".join(map(_no_command, lines))


def _no_command(line: str) -> str:
    # The runner strips blanks before it looks for `::`, and takes `##[` wherever it stands.
    start = len(line) - len(line.lstrip())
    if line.startswith("::", start):
        line = f"{line[:start]}\\u003a{line[start + 1 :]}"
    return line.replace("##[", "#\\u0023[")


def _written(character: str) -> str:
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
