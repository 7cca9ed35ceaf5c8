"""Policy documents of AWS: what they allow, statement by statement, and whether one allows more than another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from preview.analysis.exposures.versions import texts

UNREADABLE = "what cannot be read here"


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One action on one resource for one principal. ``but`` marks a `NotAction`, `NotResource` or `NotPrincipal`: all but that.

    ``conditions`` are (operator, key, values), each of which must hold.
    """

    effect: str
    action: str
    resource: str
    principal: str = ""
    but: str = ""
    conditions: frozenset[tuple[str, str, frozenset[str]]] = frozenset()

    def within(self, other: Grant) -> bool:
        """Does ``other`` speak of everything that this one speaks of?"""
        if self.but or other.but:
            # What is allowed by leaving something out is compared as it is written.
            if self.but and not other.but and (other.action, other.resource) == ("*", "*"):
                return glob_within(self.principal, other.principal) and other.holds_when(self)
            parts = [(g.but, g.action.lower(), g.resource, g.principal) for g in (self, other)]
            return parts[0] == parts[1] and other.holds_when(self)
        return (
            glob_within(self.action.lower(), other.action.lower())
            and glob_within(self.resource, other.resource)
            and glob_within(self.principal, other.principal)
            and other.holds_when(self)
        )

    def holds_when(self, stricter: Grant) -> bool:
        """Do this grant's conditions hold wherever those of ``stricter`` do?"""
        return all(any(_implies(given, asked) for given in stricter.conditions) for asked in self.conditions)

    @property
    def label(self) -> str:
        what = f"{self.action} on {self.resource}"
        if self.but:
            what += f" (all but that: {self.but})"
        return f"{what}, under conditions" if self.conditions else what


def _implies(given: tuple[str, str, frozenset[str]], asked: tuple[str, str, frozenset[str]]) -> bool:
    if given == asked:
        return True
    operator, key, values = given
    same = operator == asked[0] and key.lower() == asked[1].lower()
    if not same or "Not" in operator or "IfExists" in operator or operator.startswith("ForAnyValue"):
        return False
    if operator.endswith("Like"):
        return all(any(glob_within(one, other) for other in asked[2]) for one in values)
    return values <= asked[2]


def glob_within(pattern: str, other: str) -> bool:
    """Does ``other``, with `*` and `?`, match whatever ``pattern`` matches?"""
    if pattern == other or other == "*":
        return True
    if not ("*" in other or "?" in other):
        return False
    # A wildcard inside the pattern is only matched by a wildcard `*` of the other.
    expression = "".join(
        ".*" if part == "*" else r"[^*]" if part == "?" else re.escape(part)
        for part in re.split(r"([*?])", other)
    )
    return re.fullmatch(expression, pattern, re.DOTALL) is not None


def grants(document: Any, region: str = "") -> tuple[Grant, ...]:
    """Every grant and denial of a document; one that cannot be read counts as a grant of its own."""
    if document in (None, ""):
        return ()
    try:
        parsed = json.loads(document) if isinstance(document, str) else document
    except ValueError:
        return (Grant(effect="Allow", action=UNREADABLE, resource=str(document)[:80]),)
    statements = parsed.get("Statement", []) if isinstance(parsed, Mapping) else []
    listed = statements if isinstance(statements, list) else [statements]
    return tuple(dict.fromkeys(g for s in listed if isinstance(s, Mapping) for g in _statement(s, region)))


def _statement(statement: Mapping[str, Any], region: str) -> Iterator[Grant]:
    but = ", ".join(key for key in ("NotAction", "NotResource", "NotPrincipal") if key in statement)
    actions = texts(statement.get("Action", statement.get("NotAction"))) or [""]
    resources = texts(statement.get("Resource", statement.get("NotResource"))) or ["*"]
    conditions = frozenset(_conditions(statement.get("Condition"), region))
    if "NotAction" in statement:
        actions = [", ".join(sorted(actions))]
    if "NotResource" in statement:
        resources = [", ".join(sorted(resources))]
    for principal in _principals(statement.get("Principal", statement.get("NotPrincipal"))):
        for action in actions:
            for resource in resources:
                yield Grant(
                    effect=str(statement.get("Effect")),
                    action=action,
                    resource=_elsewhere(resource, region),
                    principal=principal,
                    but=but,
                    conditions=conditions,
                )


def _elsewhere(text: str, region: str) -> str:
    """The same wherever the stack's own region is."""
    return text.replace(f":{region}:", ":REGION:") if region else text


def _principals(value: Any) -> list[str]:
    """`*`, or `KIND:NAME`; "" where a document names none, as a role's own policy."""
    if value is None:
        return [""]
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        named = [(kind, name) for kind, names in sorted(value.items()) for name in texts(names)]
        return ["*" if name == "*" else f"{kind}:{name}" for kind, name in named] or [""]
    return [str(value)]


def _conditions(value: Any, region: str) -> Iterator[tuple[str, str, frozenset[str]]]:
    if isinstance(value, Mapping):
        for operator, keys in value.items():
            for key, values in keys.items() if isinstance(keys, Mapping) else ():
                yield str(operator), str(key), frozenset(_elsewhere(text, region) for text in texts(values))


def more(before: Sequence[Grant], after: Sequence[Grant]) -> list[Grant]:
    """What ``after`` allows and no one grant of ``before`` did."""
    allowed = [grant for grant in before if grant.effect == "Allow"]
    return [
        grant
        for grant in after
        if grant.effect == "Allow" and not any(grant.within(other) for other in allowed)
    ]


def no_longer_denied(before: Sequence[Grant], after: Sequence[Grant]) -> list[Grant]:
    """What ``before`` denied and no one denial of ``after`` does."""
    denied = [grant for grant in after if grant.effect == "Deny"]
    return [
        grant
        for grant in before
        if grant.effect == "Deny" and not any(grant.within(other) for other in denied)
    ]
