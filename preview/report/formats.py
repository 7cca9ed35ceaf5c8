"""The formats of a report, by the names that `--format` takes. What a format needs is loaded when it is asked for."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from preview.report.report import Report

FORMATS = ("text", "markdown", "html", "json", "sarif", "terraform", "iam")


@dataclass(frozen=True)
class Wanted:
    """A format and where it goes; None: standard output."""

    format: str
    file: Path | None = None


def wanted(text: str) -> Wanted:
    """`FORMAT` or `FORMAT=FILE`, for argparse."""
    name, equals, file = text.partition("=")
    if name not in FORMATS:
        raise argparse.ArgumentTypeError(f"expected one of {', '.join(FORMATS)}, found {name!r}")
    if equals and not file:
        raise argparse.ArgumentTypeError(f"expected a file after {text}, such as {name}=FILE")
    return Wanted(name, Path(file) if file else None)


def placed(asked: Sequence[Wanted], output: Path | None) -> tuple[Wanted, ...]:
    """The formats with their files: the one that names none goes to ``output``. Raises ValueError if two have one place."""
    formats = tuple(asked) or (Wanted("text"),)
    bare = [one.format for one in formats if one.file is None]
    if len(bare) > 1:
        raise ValueError(
            f"--format: expected a file for all but one format, found none for {' and '.join(bare)}; give {bare[-1]}=FILE"
        )
    if output and not bare:
        raise ValueError(f"-o {output}: every format has a file of its own already; leave -o out")
    found = tuple(Wanted(one.format, one.file or output) for one in formats)
    files = [one.file.resolve() for one in found if one.file]
    if twice := next((file for file in files if files.count(file) > 1), None):
        raise ValueError(
            f"--format: expected a file for each format, found {twice} for two of them; give another"
        )
    return found


def render(name: str, report: Report, *, colour: bool = False) -> str:
    """The report in one of the formats; what a stack file brings into it controls no terminal and no runner."""
    from model.printable import printable_lines

    if name == "text" and colour:  # its own control sequences are to stay
        from preview.report.text import to_text

        return to_text(report, colour=True)
    return printable_lines(_rendered(name, report))


def _rendered(name: str, report: Report) -> str:
    if name == "json":
        from preview.report.json_report import to_json

        return to_json(report)
    if name == "sarif":
        from preview.report.sarif import to_sarif

        return to_sarif(report)
    if name == "iam":
        from preview.report.iam import to_iam

        return to_iam(report)
    if name == "terraform":
        from preview.report.terraform import to_terraform

        return to_terraform(report.evaluation, report.comparison)
    if name == "markdown":
        from preview.report.markdown import to_markdown

        return to_markdown(report)
    if name == "html":
        from preview.report.page import to_html

        return to_html(report)
    from preview.report.text import to_text

    return to_text(report, colour=False)
