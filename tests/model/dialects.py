"""The dialects that a path pattern is compiled into, each as its owner defines it, written apart from the program."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote_to_bytes

import re2

# --- cloudflared 2026.8.2 ---------------------------------------------------------------------------------------------


def go_url_path(raw: str) -> bytes:
    """net/url: URL.Path is the path percent-decoded once; nothing else is done to it (cloudflared reverted its own
    normalisation in 2026.8.2, f5270f99)."""
    return unquote_to_bytes(raw.encode("utf-8", "surrogateescape"))


def split_host_port(hostport: str) -> str:
    """net.SplitHostPort, whose error leaves the text as it is (ingress.FindMatchingRule)."""
    last = hostport.rfind(":")
    if last < 0:
        return hostport
    rest = 0
    if hostport[0] == "[":
        end = hostport.find("]")
        if end < 0 or end + 1 != last:
            return hostport
        host, rest, after = hostport[1:end], 1, end + 1
    else:
        host, after = hostport[:last], 0
        if ":" in host:
            return hostport
    return hostport if "[" in hostport[rest:] or "]" in hostport[after:] else host


def cloudflared_rule(rules: Sequence[Any], host: str, raw: str) -> Any:
    """ingress.FindMatchingRule: the first rule whose hostname and path match; None is the catch-all at the end.

    matchHost compares letter by letter, and `*.` is a suffix; a path is Go's regexp.MatchString, which RE2 stands for: it
    matches anywhere unless anchored, and `$` is the end of the text alone.
    """
    host = split_host_port(host)
    for rule in rules:
        hit = rule.hostname == host or (rule.hostname.startswith("*.") and host.endswith(rule.hostname[1:]))
        if hit and (rule.path is None or re2.search(rule.path.encode(), go_url_path(raw)) is not None):
            return rule
    return None


# --- Access -----------------------------------------------------------------------------------------------------------


def access_application(applications: Sequence[Any], host: str, path: str) -> Any:
    """cloudflare-one/access-controls/policies/app-paths: the more specific destination wins; a path takes in what lies
    below it unless something more specific does; `/alpha/*` leaves `/alpha` out; a `*` in a host is one level."""
    best: tuple[tuple[int, int], Any] | None = None
    for application in applications:
        for uri in application.destinations:
            domain, slash, rest = uri.partition("/")
            labels = "[^.]+" if domain.startswith("*.") else ""
            if not re.fullmatch(labels + re.escape(domain.removeprefix("*")), host):
                continue
            wanted = slash + rest
            if wanted.endswith("*"):
                covered = re.match(re.escape(wanted[:-1]), path) is not None
            else:
                covered = (
                    not wanted
                    or re.match(re.escape(wanted) + "(/|$)", path + "\0") is not None
                    or path == wanted
                )
            rank = (0 if labels else 1, len(wanted.rstrip("*")))
            if covered and (best is None or rank > best[0]):
                best = (rank, application)
    return best[1] if best else None


# --- the rules language -----------------------------------------------------------------------------------------------

_TOKENS = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[A-Za-z_][\w.]*|[(){},])')


def wirefilter(expression: str, fields: Mapping[str, str]) -> bool:
    """ruleset-engine/rules-language: `not` binds tighter than `and`, which binds tighter than `or`; text is compared
    letter by letter, but `wildcard` is not. Raises ValueError for what is no expression."""
    tokens: list[str] = []
    place = 0
    while expression[place:].strip():
        match = _TOKENS.match(expression, place)
        if not match:
            raise ValueError(f"not an expression at {expression[place:]!r}")
        tokens.append(match[1])
        place = match.end()
    position = 0

    def peek() -> str:
        return tokens[position] if position < len(tokens) else ""

    def take(wanted: str | None = None) -> str:
        nonlocal position
        if position >= len(tokens) or (wanted is not None and tokens[position] != wanted):
            raise ValueError(f"{wanted} expected, got {peek()!r}")
        position += 1
        return tokens[position - 1]

    def text() -> str:
        token = take()
        if not token.startswith('"'):
            raise ValueError(f"a string expected, got {token!r}")
        return re.sub(r"\\(.)", r"\1", token[1:-1])

    def value() -> str:
        name = take()
        if name == "lower":
            take("(")
            inner = value()
            take(")")
            return re.sub("[A-Z]", lambda m: m[0].lower(), inner)
        if name not in fields:
            raise ValueError(f"unknown field {name!r}")
        return fields[name]

    def either() -> bool:
        result = both()
        while peek() == "or":
            take()
            result = both() or result
        return result

    def both() -> bool:
        result = negated()
        while peek() == "and":
            take()
            result = negated() and result
        return result

    def negated() -> bool:
        if peek() == "not":
            take()
            return not negated()
        if peek() == "(":
            take()
            result = either()
            take(")")
            return result
        return comparison()

    def comparison() -> bool:
        functions: dict[str, Callable[[str, str], bool]] = {
            "starts_with": str.startswith,
            "ends_with": str.endswith,
        }
        if peek() in functions:
            function = functions[take()]
            take("(")
            left = value()
            take(",")
            right = text()
            take(")")
            return function(left, right)
        left = value()
        operator = take()
        if operator == "eq":
            return left == text()
        if operator == "contains":
            return text() in left
        if operator == "wildcard":
            pattern = text()
            if "**" in pattern:
                raise ValueError("** in a wildcard")
            return (
                re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), left, re.IGNORECASE | re.DOTALL)
                is not None
            )
        if operator == "in":
            take("{")
            choices = []
            while peek() != "}":
                choices.append(text())
            take("}")
            return left in choices
        raise ValueError(f"unknown operator {operator!r}")

    result = either()
    if position != len(tokens):
        raise ValueError(f"left over: {tokens[position:]}")
    return result


# --- an app -----------------------------------------------------------------------------------------------------------


def app_readings(raw: str) -> list[str]:
    """What apps and their servers make of a path: as WSGI and ASGI servers decode it, as nginx cleans it for `location`,
    as servlet containers drop parameters, as routers that know no letters' case or no slash at the end compare it."""
    once = go_url_path(raw).decode("utf-8", "replace")
    twice = unquote_to_bytes(once).decode("utf-8", "replace")
    results = []
    for path in (raw, once, twice):
        for text in (path, path.replace("\\", "/"), re.sub(r";[^/]*", "", path), path.replace("\0", "")):
            cleaned = _clean(text)
            results += [cleaned, cleaned.lower(), cleaned.rstrip("/") or "/"]
    return list(dict.fromkeys(results))


def _clean(path: str) -> str:
    kept: list[str] = []
    parts = [part for part in path.split("/") if part]
    for part in parts:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    end = "/" if kept and path.endswith(("/", "/.", "/..")) else ""
    return "/" + "/".join(kept) + end
