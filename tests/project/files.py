"""Files of the repository that more than one of these tests reads."""

from __future__ import annotations

from tests.evaluations import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
PAGES = sorted(
    path
    for pattern in ("*.md", ".github/**/*.md", "docs/**/*.md", "examples/*/*.md")
    for path in ROOT.glob(pattern)
)
