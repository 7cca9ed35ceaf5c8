"""Routes, compiled into the applications that make every route's `access` true at the edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from .. import naming
from ..settings import AccessPolicy, Route
from .hosts import hostnames, wildcards_over
from .matching import PROBE, Rules


@dataclass(frozen=True, kw_only=True)
class Application:
    """An Access application: one place, a host or a path of it, and who may reach it.

    ``access`` names the policy; None is a bypass, a public path on a protected host. ``after`` are keys of applications
    that an earlier version of the routes may have given one of the ``destinations`` to: Access lets one place belong to one
    application, so these let go first. ``former`` is the key by which an early Drawbridge knew it, if it knew it.
    """

    key: str
    hostname: str
    destinations: tuple[str, ...]
    access: str | None
    after: tuple[str, ...] = ()
    former: str | None = None


@dataclass(kw_only=True)
class _Place:
    """What becomes an application. ``giver``: the place may have had one of our destinations."""

    access: str
    destinations: list[str]
    givers: list[str] = field(default_factory=list)


def applications(routes: Sequence[Route]) -> tuple[Application, ...]:
    """The applications that make every route's `access` true at the edge.

    A host whose routes agree is covered whole, unknown paths included. On a mixed host, the pathless route's policy
    covers the host, and each path of another policy gets an application of its own, because in Access the more specific
    application wins and inherits nothing. Each is called after its place: who may reach a place is then changed in place,
    and a place does not go from one application to another when others come and go.
    """
    result: list[Application] = []
    formerly = naming.former_application_keys((route.hostname, route.access) for route in routes)
    for host in hostnames(routes):
        places = _places(host, routes)
        former: dict[str, str] = {}
        for key, place in places.items():
            former.setdefault(place.access, key)
        after = _order(places, former)
        for key in sorted(places, key=lambda key: (key != host, key)):
            place = places[key]
            result.append(
                Application(
                    key=key,
                    hostname=host,
                    destinations=tuple(dict.fromkeys(place.destinations)),
                    access=None if place.access == "public" else place.access,
                    after=after[key],
                    former=formerly[host, place.access] if former[place.access] == key else None,
                )
            )
    return tuple(result)


def beside_another_login(apps: Sequence[Application], policies: Mapping[str, AccessPolicy]) -> frozenset[str]:
    """Paths where people log in, on a host with another login of people."""
    logins = [app for app in apps if app.access and not policies[app.access].service_tokens]
    return frozenset(
        app.key
        for app in logins
        if app.key != app.hostname and sum(other.hostname == app.hostname for other in logins) > 1
    )


def in_order(apps: Sequence[Application]) -> list[Application]:
    """The applications, each behind those that it comes after."""
    left, done = {app.key: app for app in apps}, list[Application]()
    while left:
        key = next(key for key, app in left.items() if not left.keys() & set(app.after))
        done.append(left.pop(key))
    return done


def application_of(route: Route, apps: Sequence[Application]) -> str:
    """The key of the application that a route's requests come through: its path's own, or its host's."""
    keys = {app.key: app.access for app in apps if app.hostname == route.hostname}
    below = f"{_key(route)}/*"
    if route.path is not None and route.path.kind == "below" and below in keys:
        return below
    return _key(route) if keys.get(_key(route)) == route.access else route.hostname


def _key(route: Route) -> str:
    return route.hostname if route.path is None else route.path.destinations(route.hostname)[0]


def _places(host: str, routes: Sequence[Route]) -> dict[str, _Place]:
    """What must be claimed of a host in Access, by key, in the order of the paths: nothing of what is public and covered by
    nobody else."""
    mine = [route for route in routes if route.hostname == host]
    rules = Rules(mine)
    base = next((route.access for route in mine if route.path is None), None)
    if base is None and len({route.access for route in mine}) == 1:
        base = mine[0].access
    # A wildcard's application would cover this host as well.
    above = wildcards_over(host, routes)
    covered = any(not route.public for route in routes if route.hostname in above)
    places: dict[str, _Place] = {}
    if base is not None and (base != "public" or covered):
        places[host] = _Place(access=base, destinations=[host])
    pathed = sorted((route for route in mine if route.path is not None), key=lambda route: str(route.path))
    owner: dict[int, str] = {}
    for route in pathed:
        assert route.path is not None
        others = [o.path for o in pathed if o.access != route.access and o.path is not None]
        within = any(
            destination_covers(uri, route.path.literal) for other in others for uri in other.destinations("")
        )
        if route.access == (base or "public") and not within:
            continue
        # With a route of its own, /me is a place of its own above /me/*, whoever may reach either.
        alone = {
            host + o.path.literal for o in pathed if o is not route and o.path and o.path.kind == "exact"
        }
        uris = [uri for uri in route.path.destinations(host) if uri not in alone]
        key = owner[id(route)] = uris[0]
        place = places.setdefault(key, _Place(access=route.access, destinations=[]))
        place.destinations += uris
        place.givers += [uri for uri in route.path.destinations(host) if uri in alone]
    for route in pathed:
        assert route.path is not None
        # Access's /healthz takes in what lies below it, which is to stay protected.
        if route.public and route.path.kind == "exact" and route.path.literal != "/" and id(route) in owner:
            below = rules.taking(host, f"{route.path.literal}/{PROBE}")
            if (below.access if below else base) not in (None, "public"):
                place = places[owner.get(id(below), host)]
                uri = f"{host}{route.path.literal}/*"
                if uri not in place.destinations:
                    place.destinations.append(uri)
                    place.givers.append(owner[id(route)])
    return places


def _order(places: Mapping[str, _Place], former: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Which places each place comes after. What would close a circle is left out, the least likely first."""
    after: dict[str, dict[str, None]] = {key: {} for key in places}

    def reaches(start: str, end: str) -> bool:
        return start == end or any(reaches(key, end) for key in after[start])

    for key, giver in _givers(places, former):
        if giver in places and not reaches(giver, key):
            after[key][giver] = None
    return {key: tuple(sorted(givers)) for key, givers in after.items()}


def _givers(places: Mapping[str, _Place], former: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each place, and one that may have had a destination of it."""
    for key, place in places.items():
        yield from ((key, giver) for giver in place.givers)
    # Before version 1 all paths of one access on a host were one application, which the first of them goes on as.
    for key, place in places.items():
        yield key, former[place.access]
    # What lies below an exact public path is claimed by whoever takes it.
    for key, place in places.items():
        for uri in place.destinations:
            if uri.endswith("/*"):
                yield from (
                    (key, other)
                    for other, its in places.items()
                    if other != key and any(_covers(claimed, uri) for claimed in its.destinations)
                )


def _covers(destination: str, uri: str) -> bool:
    host, _, path = uri.partition("/")
    return destination.startswith(host) and destination_covers(destination.removeprefix(host), "/" + path)


def destination_covers(destination: str, path: str) -> bool:
    """As Access's documentation has it: `/alpha` covers what lies below it too; `/alpha/*` does not cover `/alpha`; no path
    covers all."""
    if destination.endswith("*"):
        return path.startswith(destination[:-1])
    return not destination or path == destination or path.startswith(destination.rstrip("/") + "/")
