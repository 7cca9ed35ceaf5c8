"""What guards a path on a shared host: the requests that the edge refuses, because their readers would disagree."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..limits import EXPRESSION_CHARACTERS
from ..paths import PathPattern, quote
from ..settings import Route
from .hosts import header_matches, host_expression, hostnames, wildcards_over
from .matching import CLOSED, Rules, behind, bounded_hosts, in_small_letters

OVERLONG = ("%c0", "%c1", "%e0%8", "%e0%9", "%f0%8")
"""Forms of two, three and four bytes that are no UTF-8, which careless readers take for `/` or `.`."""

# Spellings that readers of a path read differently, as they stand in its lower-cased raw form. Encoded: separators, dots,
# percent signs, `;`, `?` and `#` (where a reader that decodes cuts the path off), and control characters (%0x and %1x).
ODD = (
    *("%2f", "%5c", "%2e", "%25", "%3b", "%3f", "%23", "%0", "%1", "%7f"),
    *OVERLONG,
    *("\\", "//", "/./", "/../", ";"),
)


ODD_ENDS = ("/.", "/..")


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What the edge refuses, because Access, the connector and the app would read it differently. No legitimate client sends it.

    On the ``hosts`` whose paths are boundaries: odd spellings (``odd``), and the ``cased`` paths in other letters. Of the
    ``deep`` wildcards, hosts of more levels than Access's wildcard takes. The ``strict`` hosts in other letters: the
    connector would take them for hosts of the wildcard above.
    """

    hosts: tuple[str, ...]
    odd: tuple[str, ...]
    cased: tuple[PathPattern, ...]
    deep: tuple[str, ...]
    known: tuple[str, ...]
    strict: tuple[str, ...]

    def refuses(self, host: str, raw: str, normalised: str) -> bool:
        """Whether `expression` is true of a request: its Host header, and its path as sent and as the edge normalised it."""
        return self.refuses_as_sent(host, raw) or self.refuses_as_normalised(host, normalised)

    def refuses_as_sent(self, host: str, raw: str) -> bool:
        """What `expression` can tell by the Host header and the path as sent."""
        refused, bounded = self._host(host)
        if refused or not bounded:
            return refused
        low = raw.lower()
        return self._odd.search(low) is not None or low.endswith(ODD_ENDS)

    def refuses_as_normalised(self, host: str, normalised: str) -> bool:
        """What `expression` tells by the path as the edge normalised it."""
        if not self._host(host)[1]:
            return False
        other = normalised.lower()
        if any(text in other for text in OVERLONG):
            return True
        return any(lowered.matches(other) and not path.matches(normalised) for path, lowered in self._cased)

    def _host(self, host: str) -> tuple[bool, bool]:
        """Whether a Host header is refused whatever the path, and whether paths are boundaries on it."""
        if host not in self._hosts:
            self._hosts[host] = (
                self._refuses_host(host),
                any(header_matches(p, host.lower()) for p in self.hosts),
            )
        return self._hosts[host]

    def _refuses_host(self, host: str) -> bool:
        small = host.lower()
        if "[" in host:
            return True
        named = (any(header_matches(name, text) for name in self.strict) for text in (small, host))
        if next(named) and not next(named):
            return True
        for wildcard in self.deep:
            beyond = any(header_matches(known, small) for known in self._known_under(wildcard))
            if re.fullmatch(rf".*\..*{re.escape(wildcard[1:])}(:.*)?", small, re.DOTALL) and not beyond:
                return True
        return False

    @functools.cached_property
    def _hosts(self) -> dict[str, tuple[bool, bool]]:
        """A check asks about many paths of few hosts."""
        return {}

    @functools.cached_property
    def _odd(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self.odd)) or r"(?!)")

    @functools.cached_property
    def _cased(self) -> list[tuple[PathPattern, PathPattern]]:
        return [(path, path.lower()) for path in self.cased]

    def expression(self) -> str:
        """In the rules language, without what needs a Business plan."""
        parts: list[str] = []
        if self.hosts:
            raw = "lower(raw.http.request.uri.path)"
            clauses = [f"{raw} contains {quote(text)}" for text in self.odd]
            # Sent as bytes, they are encoded by the normalisation alone.
            clauses += [f"lower(http.request.uri.path) contains {quote(text)}" for text in OVERLONG]
            clauses += [f"ends_with({raw}, {quote(text)})" for text in ODD_ENDS]
            clauses += [
                f"({path.lower().expression('lower(http.request.uri.path)')} and not {path.expression()})"
                for path in self.cased
            ]
            parts.append(f"{host_expression(self.hosts, 'lower(http.host)')} and ({' or '.join(clauses)})")
        for wildcard in self.deep:
            beyond = self._known_under(wildcard)
            besides = f" and not {host_expression(beyond, 'lower(http.host)')}" if beyond else ""
            forms = f"http.host wildcard {quote('*.' + wildcard)} or http.host wildcard {quote(f'*.{wildcard}:*')}"
            parts.append(f"({forms}){besides}")
        if self.strict:
            parts.append(
                f"{host_expression(self.strict, 'lower(http.host)')} and not {host_expression(self.strict)}"
            )
        # The connector takes `[name]:443` for the name; a browser writes no brackets around one.
        parts.append('http.host contains "["')
        return " or ".join(f"({part})" for part in parts)

    def parts(self, most: int = EXPRESSION_CHARACTERS) -> list[Guard]:
        """Guards that together refuse what this one does, each with an expression of at most ``most`` characters; the last resort
        is one a host, which may be longer."""
        for number in range(1, max(len(self.hosts), 1) + 1):
            size = -(-len(self.hosts) // number)
            shares = [self.hosts[start : start + size] for start in range(0, len(self.hosts), size or 1)] or [
                ()
            ]
            parts = [
                dataclasses.replace(self, hosts=share)
                if not position
                else dataclasses.replace(self, hosts=share, deep=(), known=(), strict=())
                for position, share in enumerate(shares)
            ]
            if all(len(part.expression()) <= most for part in parts):
                break
        return parts

    def _known_under(self, wildcard: str) -> list[str]:
        return [
            known
            for known in self.known
            if known.removeprefix("*").endswith(wildcard[1:]) and known != wildcard
        ]


def guard(routes: Sequence[Route]) -> Guard | None:
    """The guard that a list of routes needs; None where every host has one answer for all its paths."""
    hosts = bounded_hosts(routes)
    cased: list[PathPattern] = []
    reserved: set[str] = set()
    for host in hosts:
        mine = [route for route in routes if route.hostname == host]
        small = Rules(in_small_letters(mine))
        for route in mine:
            if route.path is None:
                continue
            # The edge leaves these encoded, the connector does not.
            reserved |= {f"%{ord(mark):02x}" for mark in route.path.literal if mark in "!$&'()+,=:@"}
            low = route.path.literal.lower()
            weaker = any(behind(other) not in (behind(route), CLOSED) for other in small.matching(host, low))
            if behind(route) != "public" and weaker and low != low.upper():
                cased.append(route.path)
    deep = tuple(
        host
        for host in hostnames(routes)
        if host.startswith("*.")
        and any(behind(r) not in ("public", CLOSED) for r in routes if r.hostname == host)
    )
    known = tuple(
        host for host in hostnames(routes) if any(host in _under(wildcard, routes) for wildcard in deep)
    )
    strict = tuple(
        host
        for host in hostnames(routes)
        if not host.startswith("*.")
        and any(
            {behind(r) for r in routes if r.hostname == host}
            != {behind(r) for r in routes if r.hostname == wildcard}
            for wildcard in wildcards_over(host, routes)
        )
    )
    if not (hosts or deep or strict):
        return None
    odd = (*ODD, *sorted(reserved - set(ODD)))
    return Guard(hosts=hosts, odd=odd, cased=tuple(sorted(set(cased))), deep=deep, known=known, strict=strict)


def _under(wildcard: str, routes: Sequence[Route]) -> list[str]:
    return [host for host in hostnames(routes) if wildcard in wildcards_over(host, routes)]
