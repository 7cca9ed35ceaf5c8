"""Whether each route's service exists and can serve."""

from __future__ import annotations

from ..compose.file import Compose
from ..compose.services import run_once
from ..errors import Finding, finding
from ..settings import App, Route


def check(routes: tuple[Route, ...], compose: Compose, app: App) -> list[Finding]:
    found: list[Finding] = []
    have = ", ".join(compose.services)
    for position, route in enumerate(routes):
        place = f"routes/{position}/service"
        if route.target is None:
            continue
        service = compose.services.get(route.target)
        if service is None:
            found.append(
                finding(place, f"no service '{route.target}' in compose.yaml, it has {have}", route.service)
            )
        elif route.target in run_once(compose, app):
            found.append(
                finding(
                    place, f"'{route.target}' runs once and ends; it serves nobody (app.once)", route.service
                )
            )
        elif service.profiles:
            found.append(
                finding(
                    place,
                    f"service '{route.target}' has `profiles` and is not started by itself",
                    route.service,
                )
            )
        elif service.network_mode:
            rule = f"a routed service is on the compose network; '{route.target}' has `network_mode: {service.network_mode}`"
            found.append(finding(place, rule, route.service, "The connector could not find it."))
        elif route.target in app.private:
            rule = f"'{route.target}' is private to {', '.join(app.private[route.target])} (app.private)"
            found.append(
                finding(place, rule, route.service, "Route to one of these, or take it out of app.private.")
            )
        elif not service.checked and route.target not in app.allow.no_healthcheck:
            found.append(
                finding(
                    place,
                    f"a routed service has a healthcheck in the compose file; '{route.target}' has none",
                    route.service,
                    "Without one a release cannot wait until it serves. Add `healthcheck`, or list it in "
                    "app.allow.noHealthcheck.",
                )
            )
    return found
