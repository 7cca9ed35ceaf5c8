"""What stands in a machine's rendered cloud-init."""

from __future__ import annotations

import re


def written(text: str, path: str) -> str:
    """The content of a file that a cloud-init text writes, still indented; empty if it writes none. Parsing YAML takes longer."""
    match = re.search(
        rf"^- path: {re.escape(path)}\n(?:  .*\n)*?  content: \|\n((?:(?:    .*)?\n)+)", text, re.MULTILINE
    )
    return match[1] if match else ""
