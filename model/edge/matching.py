"""Routes, asked as the connector asks them: which of them takes a path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..settings import Route
from .hosts import hostnames, without_port

CLOSED = "http_status"
"""What stands behind a route that answers by itself, or behind no route: nothing of the app's."""


PROBE = "\x7f"
"""A character that no pattern and no hostname holds."""


def ordered(routes: Iterable[Route]) -> list[Route]:
    """As the connector must have them, for its first match wins: exact hosts, then narrower wildcards, then wider ones; on
    a host the longest path first, and what has no path last."""

    def rank(route: Route) -> tuple[bool, int, str, bool, int, int, str]:
        path = route.path
        return (
            route.hostname.startswith("*."),
            -route.hostname.count(".") if route.hostname.startswith("*.") else 0,
            route.hostname,
            path is None,
            -len(path.literal) if path else 0,
            ("exact", "below", "prefix").index(path.kind) if path else 0,
            str(path or ""),
        )

    return sorted(routes, key=rank)


class Rules:
    """Routes as the connector asks them, found by the beginnings of a path instead of one after the other."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._whole: dict[str, Route] = {}
        self._paths: dict[str, dict[str, list[Route]]] = {}
        for route in ordered(routes):
            if route.path is None:
                self._whole.setdefault(route.hostname, route)
            else:
                self._paths.setdefault(route.hostname, {}).setdefault(route.path.literal, []).append(route)
        # The longest first, as `ordered` has them.
        self._lengths = {
            host: sorted({len(text) for text in texts}, reverse=True) for host, texts in self._paths.items()
        }

    def matching(self, host: str, path: str) -> Iterator[Route]:
        """Every route that a decoded path matches, in order; the connector takes the first."""
        host = without_port(host)
        names = [host]
        while host:  # a wildcard takes one level and more
            _, _, host = host.partition(".")
            names.append(f"*.{host}")
        for name in dict.fromkeys(names):
            for length in self._lengths.get(name, ()):
                if length > len(path):  # what is cut longer than it is would be found once a length
                    continue
                for route in self._paths[name].get(path[:length], ()):
                    if route.path is not None and route.path.matches(path):
                        yield route
            if name in self._whole:
                yield self._whole[name]

    def taking(self, host: str, path: str) -> Route | None:
        """The route that the connector takes for a decoded path."""
        return next(self.matching(host, path), None)


def in_small_letters(routes: Iterable[Route]) -> list[Route]:
    """The same routes with their paths in small letters."""
    return [
        route.model_copy(update={"path": route.path.lower()}) if route.path else route for route in routes
    ]


def behind(route: Route | None) -> str:
    """Who may reach the app by a route: an entry of access, `public`, or nobody."""
    return CLOSED if route is None or route.target is None else route.access


def bounded_hosts(routes: Sequence[Route]) -> tuple[str, ...]:
    """Hosts on which a path is a boundary, and a weak one: routes differ in who may reach the app, or leave a part of it out."""
    result = []
    for host in hostnames(routes):
        mine = [route for route in routes if route.hostname == host]
        rest = set() if any(route.path is None for route in mine) else {CLOSED}
        if len({behind(route) for route in mine} | rest) > 1:
            result.append(host)
    return tuple(result)
