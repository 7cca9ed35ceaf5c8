"""Proof that no path of a protected host is reachable around its Access application.

Three readers stand in a request's way, and each reads its path for itself: Access (which application?), the connector
(which rule?) and the app (which page?). For a list of routes, paths fall into finitely many classes (`representatives`);
for one path of each class, in every spelling that some reader takes for the same path, this module works out what each
reader makes of it, and whether anybody gets past a login. Sources and models: docs/paths.md.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from ..errors import Finding, problem
from ..paths import PathPattern
from ..settings import Route
from .access_applications import Application, applications
from .hosts import host_matches, hostnames, wildcards_over, without_port
from .matching import CLOSED, PROBE, Rules, behind, in_small_letters, ordered
from .path_guard import Guard, guard
from .readers import application_for, decoded, lax, normalised, spellings

ANY = "any-host"
"""Stands for a name under a wildcard that the routes do not list."""


def holes(routes: Sequence[Route], by_host: Sequence[str] = ()) -> list[Finding]:
    """What is wrong with a list of routes: who could get past which login, where, and the fix.

    ``by_host`` are services that tell hosts apart themselves (`app.allow.byHost`).
    """
    found = [*_ambiguous(routes), *_taken_along(routes)]
    if found:
        return found
    found = _around_by_another_host(routes, by_host)
    seen: set[object] = set()
    for host in hostnames(routes):
        # What takes a request to this host: its own routes, and those of the wildcards above it.
        names = {host, *wildcards_over(host, routes)}
        near = [route for route in routes if route.hostname in names]
        shape = _shape(host, ordered(near))
        if shape not in seen:
            found += _disagreements(host, near, applications(near), guard(near))
        seen.add(shape)
    return found


def representatives(routes: Sequence[Route], host: str) -> list[str]:
    """One path of each class that the routes of a host can tell apart.

    A pattern asks of a path whether it equals, or begins with, one of finitely many texts. All answers follow from the
    longest of these texts that the path begins with, and from whether the path goes on after it (with a character in
    no pattern, or it would begin with a longer one). So each text, alone and followed by such a character, is enough.
    """
    return _points(
        [route.path for route in routes if route.path is not None and host_matches(route.hostname, host)]
    )


def _points(patterns: Sequence[PathPattern]) -> list[str]:
    texts = {"/"}
    for pattern in patterns:
        texts |= {pattern.literal, pattern.literal.rstrip("/") + "/"}
    return sorted(texts | {text + PROBE for text in texts})


def _ambiguous(routes: Sequence[Route]) -> list[Finding]:
    """Layouts of which Access's documentation does not say who wins, or in which a host falls back on another's routes."""
    found: list[Finding] = []
    for position, route in enumerate(routes):
        if route.path is not None and route.path.kind == "prefix":
            found += _same_beginning(position, route.path, routes)
        above = wildcards_over(route.hostname, routes)
        if not above:
            continue
        if not any(other.hostname == route.hostname and other.path is None for other in routes):
            said = f"{route.hostname} has no route without a path: its other paths would fall to {above[0]}"
            fix = f"add one for {route.hostname}: to a service, or to http_status:404"
            found.append(problem(f"routes[{position}]", said, fix))
        for wildcard in above:
            own = {other.access for other in routes if other.hostname == wildcard}
            if len(own) > 1:
                said = (
                    f"{wildcard} has paths of different access and {route.hostname} lies under it: which of their applications "
                    "wins is not documented"
                )
                fix = (
                    f"give what is protected on {wildcard} a hostname of its own, or all its paths one access"
                )
                found.append(problem(f"routes[{position}].hostname", said, fix))
    return found


def _same_beginning(position: int, path: PathPattern, routes: Sequence[Route]) -> list[Finding]:
    route = routes[position]
    return [
        problem(
            f"routes[{position}].path",
            f"routes[{index}] has {other.path} with another access: which of the two Access applies to {path} is not documented",
            f"write a longer beginning, such as {path.literal}-*",
        )
        for index, other in enumerate(routes)
        if other.path
        and other.hostname == route.hostname
        and other.path.literal == path.literal
        and other.access != route.access
    ]


def _taken_along(routes: Sequence[Route]) -> list[Finding]:
    """Access's application for `/admin` takes along what lies below it, and whether `/admin/` too is nowhere said."""
    found: list[Finding] = []
    rules = Rules(routes)
    for position, route in enumerate(routes):
        if route.path is None or route.path.kind != "exact" or route.path.literal == "/" or route.public:
            continue
        below = rules.taking(_concrete(route.hostname), f"{route.path}/{PROBE}")
        if below is not None and behind(below) not in (CLOSED, route.access):
            said = (
                f"Access applies '{route.access}' to what lies below {route.path} too, and routes[{routes.index(below)}] gives "
                f"that to '{below.access}'"
            )
            fix = f"write {route.path}/* to protect what lies below as well, or give it a hostname of its own"
            found.append(problem(f"routes[{position}].path", said, fix))
    return found


def _concrete(host: str) -> str:
    return host.replace("*", ANY)


def _around_by_another_host(routes: Sequence[Route], by_host: Sequence[str]) -> list[Finding]:
    """A path that is protected on one host, and served by the same service on another host to others."""
    found: list[Finding] = []
    all_rules = ordered(routes)
    rules = {
        host: [r for r in all_rules if host_matches(r.hostname, _concrete(host))]
        for host in hostnames(routes)
    }
    shapes = {host: _shape(host, mine) for host, mine in rules.items()}
    known: dict[tuple[PathPattern, object, object], Route | None] = {}
    asked = Rules(routes)

    @functools.cache
    def points(own: str, other: str) -> list[str]:
        return _points([r.path for r in (*rules[own], *rules[other]) if r.path is not None])

    for position, route in enumerate(routes):
        if route.path is None or behind(route) in ("public", CLOSED) or route.target in by_host:
            continue
        for host in rules:
            if host == route.hostname:
                continue
            # Hosts whose routes are alike are asked once.
            key = (route.path, shapes[route.hostname], shapes[host])
            if key not in known:
                known[key] = _meets(route, host, asked, points(route.hostname, host))
            met = known[key]
            other = met and next(
                r for r in rules[host] if (r.path, r.access, r.service) == (met.path, met.access, met.service)
            )
            if other is None or _reports_itself(other, route, routes):
                continue
            said = (
                f"'{route.target}' answers {route.path} on {host} as well, to '{other.access}' "
                f"(routes[{routes.index(other)}]), which bypasses '{route.access}'"
            )
            fix = (
                f"route {host} {route.path} to http_status:404 or under access: {route.access}; or list '{route.target}' "
                "in app.allow.byHost if it tells hosts apart itself"
            )
            found.append(problem(f"routes[{position}]", said, fix))
    return found


def _shape(host: str, rules: Sequence[Route]) -> tuple[object, ...]:
    """What of a host's rules decides anything, whatever the host is called."""
    return tuple((r.hostname == host or r.hostname, str(r.path or ""), r.access, r.service) for r in rules)


def _meets(route: Route, host: str, rules: Rules, paths: Sequence[str]) -> Route | None:
    """The first of another host's rules that takes a path of the route to the same service for others."""
    assert route.path is not None
    for path in filter(route.path.matches, paths):
        if rules.taking(_concrete(route.hostname), path) is not route:
            continue
        other = rules.taking(_concrete(host), path)
        same = other is not None and urlsplit(other.service).netloc == urlsplit(route.service).netloc
        if other is not None and same and behind(other) not in (route.access, CLOSED):
            return other
    return None


def _reports_itself(other: Route, route: Route, routes: Sequence[Route]) -> bool:
    """Of two protected paths that meet, the narrower one is reported, or the later of two alike."""
    if other.path is None or route.path is None or other.public:
        return False
    ranks = [(len(r.path.literal) if r.path else 0, routes.index(r)) for r in (other, route)]
    return ranks[0] > ranks[1]


def _disagreements(
    pattern: str, routes: Sequence[Route], apps: Sequence[Application], shield: Guard | None
) -> list[Finding]:
    """Requests that the readers take for different pages, the edge lets through, and a login would have to stop.

    The layout of routes alone decides this, and `access_applications` is made so that there are none: this is the check of it.
    """
    found: dict[str, Finding] = {}
    rules, small = Rules(routes), Rules(in_small_letters(routes))
    for host, raw in _requests(pattern, routes):
        if shield and shield.refuses_as_sent(host, raw):
            continue
        edge = normalised(raw)
        if shield and shield.refuses_as_normalised(host, edge):
            continue
        # Access knows no letters' case in a host and no port; the connector does, and the app gets the host as it came.
        chosen = application_for(apps, without_port(host.lower()), edge)
        asked = chosen.access if chosen and chosen.access else "public"
        # The connector gets the path as sent or, where this stack owns the zone, as normalised.
        for sent in {raw, edge}:
            taken, served = (
                behind(rules.taking(host, decoded(sent))),
                behind(small.taking(host.lower(), lax(sent))),
            )
            if taken == CLOSED:
                continue
            why = ""
            if taken not in ("public", asked):
                why = f"Access asks for '{asked}' where the connector wants '{taken}'"
            elif served not in ("public", taken):
                why = f"the connector takes it for '{taken}', an app may take it for '{served}'"
            if why:
                fix = "give what is protected a hostname of its own"
                found.setdefault(why, problem("routes", f"{why}, and nothing refuses it: {host}{raw}", fix))
    return list(found.values())


def _requests(pattern: str, routes: Sequence[Route]) -> Iterator[tuple[str, str]]:
    """(Host header, path as sent): every class of paths in every spelling, on a host as it is and as it might be written,
    with a port, and under a wildcard one and two levels down."""
    host = _concrete(pattern)
    odd = f"deep.{host}" if pattern.startswith("*.") else host.upper()
    for path in representatives(routes, host):
        yield odd, path.replace(PROBE, "zq9")
        yield f"{odd}:443", path.replace(PROBE, "zq9")
        # Whoever reads a host with its port reads a path as it does without one: one odd spelling is enough.
        for written in (f"{host}:443", f"{host}:8443", f"{host}:", f"[{host}]:443"):
            yield written, "/x/..%2f" + path.replace(PROBE, "zq9")[1:]
        for raw in spellings(path):
            yield host, raw
