"""Expressions of Cloudflare's rules language, read far enough to prove that one matches all that another does.

An expression becomes alternatives, each of parts that must all hold. A part that is not understood is compared as text; what
cannot be proved counts as not so.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

MOST_ALTERNATIVES = 256
"""Beyond that many, an expression is compared as text."""

_TOKEN = re.compile(
    r'\s+|"(?:[^"\\]|\\.)*"|r(#*)".*?"\1|[(){},\[\]]|&&|\|\||\^\^|[=!<>]=|[<>!~]|[^\s(){},\[\]"=!<>~&|^]+',
    re.DOTALL,
)
_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "matches": "~"}


@dataclass(frozen=True)
class Condition:
    """``field operator values``; a part that is not understood has its whole text as ``field``. ``no``: it must not hold."""

    field: str
    operator: str = ""
    values: frozenset[str] = frozenset()
    no: bool = False

    def implies(self, other: Condition) -> bool:
        """Does ``other`` hold wherever this part does?"""
        if (
            self == other
            or (other.field == "true" and not other.no)
            or (self.field == "false" and not self.no)
        ):
            return True
        if self.field != other.field or not self.operator or not other.operator:
            return False
        if self.no and other.no:
            return Condition(other.field, other.operator, other.values).implies(
                Condition(self.field, self.operator, self.values)
            )
        if self.no:
            return False
        if other.no:
            return (
                self.operator == "in" and other.operator == "in" and not _overlap(self.values, other.values)
            )
        return all(
            any(_value_implies(self.operator, v, other.operator, w) for w in other.values)
            for v in self.values
        )


def _overlap(values: frozenset[str], others: frozenset[str]) -> bool:
    return any(_within(v, w) or _within(w, v) for v in values for w in others)


def _value_implies(operator: str, value: str, other: str, wanted: str) -> bool:
    if operator == "in":
        found = {
            "in": _within(value, wanted),
            "starts_with": value.startswith(wanted),
            "ends_with": value.endswith(wanted),
            "contains": wanted in value,
        }
        return found.get(other, False)
    if operator == other:
        found = {
            "starts_with": value.startswith(wanted),
            "ends_with": value.endswith(wanted),
            "contains": wanted in value,
        }
        if operator in found:
            return found[operator]
        return _number_implies(operator, value, wanted)
    return other == "contains" and operator in ("starts_with", "ends_with") and wanted in value


def _number_implies(operator: str, value: str, wanted: str) -> bool:
    try:
        one, other = float(value), float(wanted)
    except ValueError:
        return value == wanted
    return (
        one >= other if operator in (">", ">=") else one <= other if operator in ("<", "<=") else one == other
    )


def _within(value: str, other: str) -> bool:
    if value == other:
        return True
    try:
        inner, outer = ipaddress.ip_network(value, strict=False), ipaddress.ip_network(other, strict=False)
    except ValueError:
        return False
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


Alternative = frozenset[Condition]


@dataclass(frozen=True)
class Expression:
    """``alternatives`` of which one must hold."""

    alternatives: frozenset[Alternative]

    def within(self, other: Expression) -> bool:
        """Does ``other`` match every request that this one does?"""
        return all(
            any(_all_implied(mine, theirs) for theirs in other.alternatives) for mine in self.alternatives
        )

    def for_host(self, host: str) -> Expression:
        """What it asks of requests to one host; `*.example.com` stands for any name below. No alternative: it matches none."""
        left = (self._without_host(alternative, host) for alternative in self.alternatives)
        return Expression(frozenset(parts for parts in left if parts is not None))

    @staticmethod
    def _without_host(alternative: Alternative, host: str) -> Alternative | None:
        kept = set()
        for part in alternative:
            if part.field not in HOST_FIELDS or part.operator not in ("in", "ends_with"):
                kept.add(part)
            elif any(_named(host, part.operator, value) for value in part.values) == part.no:
                return None
        return frozenset(kept) or frozenset({Condition("true")})

    @property
    def hosts(self) -> set[str]:
        """The hosts that it names; `*.SUFFIX` for `ends_with`."""
        return {
            f"*{value}" if part.operator == "ends_with" else value
            for alternative in self.alternatives
            for part in alternative
            if part.field in HOST_FIELDS and part.operator in ("in", "ends_with")
            for value in part.values
        }

    def apart(self, other: Expression) -> bool:
        """Is it sure that no request matches both?"""
        return all(
            any(
                part.field == another.field
                and part.operator == another.operator == "in"
                and not part.no
                and not another.no
                and not _overlap(part.values, another.values)
                for part in mine
                for another in theirs
            )
            for mine in self.alternatives
            for theirs in other.alternatives
        )


HOST_FIELDS = ("http.host", "lower(http.host)", 'http.request.headers["host"][0]')


def _named(host: str, operator: str, value: str) -> bool:
    if operator == "ends_with":
        return host.lstrip("*").endswith(value) if host.startswith("*") else host.endswith(value)
    return host == value


def _all_implied(mine: Alternative, theirs: Alternative) -> bool:
    return all(any(part.implies(wanted) for part in mine) or wanted == Condition("true") for wanted in theirs)


def parse(text: str) -> Expression:
    """An expression; as one part of its whole text where it cannot be read."""
    whole = Expression(frozenset({frozenset({Condition(" ".join(text.split()))})}))
    try:
        reader = _Reader(_tokens(text))
        found = reader.either()
        if reader.left():
            return whole
    except (ValueError, IndexError):
        return whole
    return whole if len(found) > MOST_ALTERNATIVES else Expression(frozenset(found))


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"what stands at {position} is no word of the language")
        if match[0].strip():
            found.append(match[0])
        position = match.end()
    return found


Alternatives = list[Alternative]


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens, self._at = tokens, 0

    def left(self) -> bool:
        return self._at < len(self._tokens)

    def _next(self) -> str:
        return self._tokens[self._at] if self.left() else ""

    def _take(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1]

    def either(self, no: bool = False) -> Alternatives:
        found = [self._both(no)]
        while self._next() in ("or", "||"):
            self._take()
            found.append(self._both(no))
        return _join(found, every=no)

    def _both(self, no: bool) -> Alternatives:
        found = [self._one(no)]
        while self._next() in ("and", "&&"):
            self._take()
            found.append(self._one(no))
        if self._next() in ("xor", "^^"):
            raise ValueError("xor")
        return _join(found, every=not no)

    def _one(self, no: bool) -> Alternatives:
        if self._next() in ("not", "!"):
            self._take()
            return self._one(not no)
        if self._next() == "(":
            self._take()
            found = self.either(no)
            if self._take() != ")":
                raise ValueError("a bracket is not closed")
            return found
        return [frozenset({self._condition(no)})]

    def _condition(self, no: bool) -> Condition:
        words: list[str] = []
        depth = 0
        while self.left():
            token = self._next()
            if depth == 0 and (token in ("and", "or", "xor", "&&", "||", "^^") or token == ")"):
                break
            depth += (token in "({[") - (token in ")}]")
            words.append(_COMPARISONS.get(self._take(), self._tokens[self._at - 1]))
        if not words:
            raise ValueError("a part is missing")
        return _condition(words, no)


def _join(found: list[Alternatives], every: bool) -> Alternatives:
    """Of parts that must all hold, every combination; of others, one after the other."""
    if not every:
        return [alternative for alternatives in found for alternative in alternatives]
    combined: Alternatives = [frozenset()]
    for alternatives in found:
        combined = [one | other for one in combined for other in alternatives]
        if len(combined) > 4 * MOST_ALTERNATIVES:
            raise ValueError("too many alternatives")
    return list(dict.fromkeys(combined))


def _condition(words: list[str], no: bool) -> Condition:
    if words[0] in ("starts_with", "ends_with") and words[1] == "(" and words[-1] == ")" and words[-3] == ",":
        return Condition("".join(words[2:-3]), words[0], frozenset({_bare(words[-2])}), no)
    for position, word in enumerate(words):
        if (
            word in ("in", "==", "!=", "<", "<=", ">", ">=", "contains", "wildcard", "strict", "~")
            and position
        ):
            field, rest = "".join(words[:position]), words[position + 1 :]
            if word == "in" and rest[:1] == ["{"] and rest[-1] == "}":
                return Condition(
                    field, "in", frozenset(_bare(value) for value in rest[1:-1] if value != ","), no
                )
            if len(rest) != 1 or word in ("strict",):
                break
            if word == "!=":
                return Condition(field, "in", frozenset({_bare(rest[0])}), not no)
            return Condition(field, "in" if word == "==" else word, frozenset({_bare(rest[0])}), no)
    return Condition(" ".join(words), no=no)


def _bare(value: str) -> str:
    return value[1:-1].replace('\\"', '"').replace("\\\\", "\\") if value.startswith('"') else value
