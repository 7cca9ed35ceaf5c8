"""Whether the routes are distinct, lie in the zone, and leave no way around a login."""

from __future__ import annotations

from .. import limits
from ..edge import bypass_check
from ..edge.access_applications import applications
from ..edge.hosts import mixed_hosts
from ..errors import Finding, finding
from ..settings import App, Cloudflare, Route


def check(
    routes: tuple[Route, ...], cloudflare: Cloudflare | None, app: App | None, warnings: list[str]
) -> list[Finding]:
    if not routes:
        return [finding("routes", "at least one route", [])]
    found: list[Finding] = []
    seen: dict[tuple[str, str], int] = {}
    for position, route in enumerate(routes):
        place = f"routes[{position}]"
        key = (route.hostname, str(route.path or ""))
        if key in seen:
            expected = f"another hostname or path than those of routes[{seen[key]}]"
            found.append(finding(place, expected, "".join(key), "remove one of the two"))
        seen.setdefault(key, position)
        if cloudflare:
            zone = cloudflare.zone
            if route.hostname != zone and not route.hostname.endswith("." + zone):
                found.append(finding(f"{place}.hostname", f"a hostname of the zone {zone}", route.hostname))
            elif len(route.hostname.removesuffix(zone).strip(".").split(".")) > 1:
                warnings.append(
                    f"{place}.hostname: {route.hostname} is two levels below {zone}; Cloudflare's free certificate covers one, "
                    "an advanced certificate is needed"
                )
    for host in mixed_hosts(routes):
        if any(not route.public for route in routes if route.hostname == host):
            warnings.append(
                f"routes: {host} has paths with different access. A path is a weak boundary: odd spellings are refused at the "
                "edge and the connector checks the login, but a hostname of its own is stronger"
            )
    if not found:
        found += bypass_check.holes(routes, app.allow.by_host if app else ())
    for application in applications(routes):
        for uri in application.destinations:
            if len(uri) > limits.APPLICATION_URL_CHARACTERS:
                expected = f"at most {limits.APPLICATION_URL_CHARACTERS} characters in host and path of an application of Access"
                fix = "protect a shorter path that this one lies below, or use a shorter hostname"
                found.append(finding("routes", expected, uri, fix))
        if len(application.destinations) > limits.DESTINATIONS_PER_APPLICATION:
            found.append(
                finding(
                    "routes",
                    f"at most {limits.DESTINATIONS_PER_APPLICATION} destinations in an application of Access (`/x/*` is two)",
                    len(application.destinations),
                    f"join the paths of '{application.access or 'public'}' on {application.hostname}",
                )
            )
    return found
