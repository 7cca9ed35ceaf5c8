"""Keys of a stack file that the program would never read, because their namespace is not its own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from ..errors import Finding, problem
from ..settings.stack_file import SECTIONS

NAMESPACE = "drawbridge"
_PROVIDERS = ("aws", "cloudflare", "random", "pulumi")


def check(others: Mapping[str, str], project: str) -> list[Finding]:
    """``others`` are the keys of other namespaces, `NAMESPACE:KEY`, with their texts.

    A provider's or another tool's key is none of ours. A fault is what somebody meant for this program: a namespace almost
    like ours, the project's own, which a key without a namespace gets, and a section of ours under any name.
    """
    found = []
    for key, text in sorted(others.items()):
        namespace, _, section = key.partition(":")
        known = section in SECTIONS or section == "secrets"
        meant = difflib.get_close_matches(namespace.lower(), [NAMESPACE], n=1, cutoff=0.7) or (
            known and text[:1] in ("{", "[")
        )
        if namespace not in _PROVIDERS and (meant or namespace == project):
            near = (
                section
                if known
                else next(iter(difflib.get_close_matches(section, SECTIONS, n=1, cutoff=0.8)), "KEY")
            )
            said = f"settings outside of {NAMESPACE}: are not read, whatever the project is called"
            found.append(problem(key, said, f"write {NAMESPACE}:{near}"))
    return found
