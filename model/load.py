"""A stack file's mapping, parsed and checked: every section, the app's files, and what must hold between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from .checks import (
    access_entries,
    access_limits,
    answers,
    app_files,
    app_variables,
    ca_pools,
    compose_capacity,
    compose_file,
    compose_machine,
    compose_networks,
    database_class,
    database_services,
    edge_plan,
    environment,
    identity_providers,
    namespaces,
    own_database,
    places,
    route_targets,
    subnets,
    upload_size,
    variable_names,
    zones,
)
from .checks import (
    routes as route_list,
)
from .checks import (
    secrets as secret_values,
)
from .errors import Finding, SettingsError
from .machine import database_variables
from .naming import Names
from .settings import (
    AccessPolicy,
    App,
    Cloudflare,
    Database,
    Firewall,
    IdentityProvider,
    Network,
    Route,
    Tunnel,
)
from .settings.parse import parse_sections
from .stack import Stack


def load(
    config: Mapping[str, Any],
    *,
    project: str,
    stack: str,
    region: str | None,
    read: Callable[[str], str],
    secrets: Mapping[str, int] | None,
    plain_secrets: bool = False,
    encrypted_sections: Collection[str] = (),
    others: Mapping[str, str] | None = None,
    previewing: bool,
) -> Stack:
    """Parse and check the `drawbridge:` namespace of a stack file.

    ``config`` maps section names to parsed values, without `secrets`; of these ``secrets`` tells each name and how many
    bytes its value has (None: the key is not a mapping). ``plain_secrets`` says that they were not encrypted.
    ``others`` are the stack file's keys of other namespaces with their texts.
    ``encrypted_sections`` are other sections that hold encrypted values. ``read`` gives the text of a project file and
    raises OSError or UnicodeDecodeError. A secret without a value is a warning while ``previewing`` and otherwise an error.

    Raises SettingsError with all findings at once.
    """
    found: list[Finding] = []
    warnings: list[str] = []
    parsed = parse_sections(config, found)
    found += namespaces.check(others or {}, project)
    found += environment.check(
        project, stack, region, encrypted_sections, database=config.get("database") is not None
    )

    cloudflare: Cloudflare | None = parsed.get("cloudflare")
    app: App | None = parsed.get("app")
    routes: tuple[Route, ...] | None = parsed.get("routes")
    access: Mapping[str, AccessPolicy] | None = parsed.get("access")
    providers: Mapping[str, IdentityProvider] | None = parsed.get("identityProviders")
    firewall: Firewall | None = parsed.get("firewall")
    database: Database | None = parsed.get("database")
    network: Network | None = parsed.get("network")
    tunnel_settings: Tunnel | None = parsed.get("tunnel")

    hidden = {*app.secrets, *app.generate, *app.facts} if app else set()
    if database:
        hidden |= {*database_variables.variables(database, ""), *database_variables.SECRETS}
    asked = answers.answers_of(app, database, found, warnings) if app else None
    compose, text, files = app_files.read_app(app, read, hidden, found, asked)
    if app:
        found += variable_names.check(app, database)
        if "database" in parsed:
            found += app_variables.check(app, database, access, warnings)
    if app and cloudflare:
        more, notes = upload_size.check(app.max_body_mb, files, cloudflare.plan)
        found += more
        warnings += notes
    if network and tunnel_settings and not network.vpc_id:
        found += subnets.check(tunnel_settings, network)
    if compose and app and not compose.findings and "database" in parsed:
        more, notes = compose_file.check(compose, app)
        found += more
        warnings += notes
        found += places.check(compose, app, warnings)
        if tunnel_settings and network:
            found += compose_networks.check(compose, tunnel_settings, network)
        if "host" in parsed:
            found += compose_machine.check(compose, app, parsed["host"], warnings)
            found += compose_capacity.check(compose, app, parsed["host"], warnings)
        if database:
            found += own_database.check(compose, app)
            found += answers.left(compose, database, app, files, warnings)
            found += database_services.check(compose, app, database, warnings)
    if routes is not None and app:
        found += ca_pools.check(routes, tunnel_settings.origin if tunnel_settings else None, app)
    if routes is not None:
        found += route_list.check(routes, cloudflare, app, warnings)
        if access is not None:
            found += access_entries.check(routes, access, warnings)
        if compose and app and not compose.findings:
            found += route_targets.check(routes, compose, app)
            answers.routed(routes, compose, warnings)
        if cloudflare and firewall:
            more, notes = edge_plan.check(firewall, cloudflare, routes)
            found += more
            warnings += notes
    if access is not None:
        found += access_limits.check(access, providers or {})
    if access is not None and providers is not None:
        found += identity_providers.check(access, providers, warnings)
    if network and region:
        found += zones.check(network, region)
    if database and region:
        found += database_class.check(database, region)
    missing: tuple[str, ...] = ()
    if app is not None and providers is not None and firewall is not None:
        more, missing = secret_values.check(app, providers, firewall, secrets, plain_secrets)
        if parsed.get("secretDelivery") == "parameter-store":
            more += secret_values.parameter_sizes(app, secrets or {})
        found += more
        texts = [secret_values.missing(name) for name in missing]
        if previewing:
            warnings += [str(item) for item in texts]
        else:
            found += texts
    if found:
        raise SettingsError(found, stack)
    assert cloudflare and app and routes is not None and access is not None and providers is not None
    assert firewall and network and compose and region
    return Stack(
        names=Names(project, stack),
        region=region,
        cloudflare=cloudflare,
        app=app,
        routes=routes,
        access=access,
        identity_providers=providers,
        firewall=firewall,
        tunnel=parsed["tunnel"],
        network=network,
        host=parsed["host"],
        database=database,
        alerts=parsed["alerts"],
        secret_delivery=parsed["secretDelivery"],
        protect=parsed["protect"],
        compose_text=text,
        compose=compose,
        files=files,
        missing_secrets=missing,
        warnings=tuple(warnings),
    )
