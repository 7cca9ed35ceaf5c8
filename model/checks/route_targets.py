"""Whether each route's service exists and can serve."""

from __future__ import annotations

from ..compose.file import Compose
from ..compose.services import run_once
from ..errors import Finding, did_you_mean, finding
from ..settings import App, Route


def check(routes: tuple[Route, ...], compose: Compose, app: App) -> list[Finding]:
    found: list[Finding] = []
    have = ", ".join(compose.services)
    for position, route in enumerate(routes):
        place = f"routes[{position}].service"
        if route.target is None:
            continue
        service = compose.services.get(route.target)
        if service is None:
            found.append(
                finding(
                    place,
                    f"a service of {compose.file} ({have})",
                    route.target,
                    did_you_mean(route.target, compose.services),
                )
            )
        elif route.target in run_once(compose, app):
            found.append(
                finding(
                    place,
                    "a service that keeps running",
                    route.target,
                    "it runs once and ends: route to another, or take it out of app.once",
                )
            )
        elif service.off:
            found.append(
                finding(
                    place,
                    "a service that starts by itself",
                    route.target,
                    f"add {service.profiles[0]} to app.profiles, or remove its `profiles` in {compose.file}",
                )
            )
        elif service.network_mode:
            fix = f"remove `network_mode: {service.network_mode}` in {compose.file}"
            found.append(
                finding(place, "a service on the compose network, where the connector is", route.target, fix)
            )
        elif route.target in app.private:
            callers = ", ".join(app.private[route.target])
            fix = f"app.private lets only {callers} reach it: route to that, or take it out of app.private"
            found.append(finding(place, "a service that the connector may reach", route.target, fix))
        elif not service.checked and route.target not in app.allow.no_healthcheck:
            found.append(
                finding(
                    place,
                    "a service with a healthcheck, for which a release waits",
                    route.target,
                    f"say it in app.healthchecks, or list '{route.target}' in app.allow.noHealthcheck",
                )
            )
    return found
