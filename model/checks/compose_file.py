"""Whether the compose file can run on an instance as Drawbridge runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..compose.file import Compose, Service
from ..compose.interpolation import interpolate
from ..compose.overlay import CONNECTOR, NETWORK
from ..compose.services import bare, read_by_services, registry_passwords, run_once
from ..errors import Finding, finding
from ..settings import App


def check(compose: Compose, app: App, supplied: Iterable[str]) -> tuple[list[Finding], list[str]]:
    """Findings and warnings of the compose file against `app`; `supplied` are all variables that .env will have."""
    found: list[Finding] = []
    warnings: list[str] = []
    plain = dict(app.env)
    have = sorted(compose.services)
    for name, service in compose.services.items():
        place = f"app/compose/services/{name}"
        if name == CONNECTOR:
            found.append(
                finding(
                    place,
                    "the connector is added by Drawbridge",
                    cure="Remove this service from the compose file.",
                )
            )
            continue
        found += _image(place, service, plain, app)
        for port in service.ports:
            if not _loopback(port, plain):
                found.append(
                    finding(
                        f"{place}/ports",
                        "a port is published on loopback or not at all",
                        port,
                        "Remove it: the connector reaches services by the compose network; or bind it to 127.0.0.1.",
                    )
                )
        if service.host_network and name not in app.allow.host_network:
            found.append(
                finding(
                    f"{place}/network_mode",
                    "a service does not share the host's network, where the machine's AWS credentials are",
                    "host",
                    f"Use the compose network, or list '{name}' in app.allow.hostNetwork.",
                )
            )
        for source in service.binds:
            found += _bind(place, source, app)
        for env_file in service.env_files:
            relative = env_file.removeprefix("./")
            if relative != ".env" and relative not in app.files:
                found.append(
                    finding(
                        f"{place}/env_file",
                        "an env_file is .env, which Drawbridge writes, or one of app.files",
                        env_file,
                        f"Write `env_file: .env`, or add {relative} to app.files.",
                    )
                )
        if not service.restarts and not service.one_shot and name not in (app.once or ()):
            warnings.append(
                f"{place}: no `restart` policy: when its process ends it stays down until the machine restarts"
            )
    found += [*_private(compose, app), *_once(compose, app)]
    if NETWORK in compose.networks:
        found.append(
            finding(
                f"app/compose/networks/{NETWORK}", "this name is Drawbridge's", cure="Choose another name."
            )
        )
    for variable in sorted(compose.required - set(supplied)):
        found.append(
            finding(
                "app/compose",
                f"the variable ${{{variable}}} of the compose file has a value",
                cure=f"Name it in app.env, app.secrets or app.generate, or write ${{{variable}:-default}} in the compose file.",
            )
        )
    reads_all = any(".env" in map(bare, service.env_files) for service in compose.services.values())
    for kind, names in (
        ("env", tuple(app.env)),
        ("secrets", app.secrets),
        ("generate", tuple(app.generate)),
        ("facts", tuple(app.facts)),
    ):
        for unused in (
            () if reads_all else sorted(set(names) - read_by_services(compose) - registry_passwords(app))
        ):
            warnings.append(f"app/{kind}/{unused}: no service of the compose file mentions ${{{unused}}}")
    for position, volume in enumerate(app.storage):
        place = f"app/storage/{position}"
        if volume not in compose.volumes:
            declared = ", ".join(sorted(compose.volumes)) or "none"
            found.append(
                finding(
                    place,
                    f"a volume that the compose file declares under `volumes` (it has {declared})",
                    volume,
                )
            )
        elif compose.volumes[volume].get("external") or compose.volumes[volume].get("driver_opts"):
            found.append(
                finding(
                    place,
                    "a volume that Drawbridge may place: without `external` and `driver_opts` in the compose file",
                    volume,
                )
            )
    for volume in sorted(set(compose.volumes) - set(app.storage)):
        warnings.append(
            f"app/storage: volume '{volume}' lives and dies with its machine; name it in app.storage if it must not"
        )
    for label, names in (
        ("mutableImages", app.allow.mutable_images),
        ("noHealthcheck", app.allow.no_healthcheck),
        ("hostNetwork", app.allow.host_network),
        ("byHost", app.allow.by_host),
    ):
        for position, service_name in enumerate(names):
            if service_name not in compose.services:
                found.append(
                    finding(
                        f"app/allow/{label}/{position}",
                        f"a service of the compose file ({', '.join(have)})",
                        service_name,
                    )
                )
    return found, warnings


def _image(place: str, service: Service, env: Mapping[str, str], app: App) -> list[Finding]:
    if service.image is None:
        cure = (
            "Build and push it in your pipeline; the machines pull, they do not build."
            if service.built
            else ""
        )
        return [finding(f"{place}/image", "a service has an image", cure=cure)]
    image = interpolate(service.image, env)
    if "@sha256:" in image or service.name in app.allow.mutable_images:
        return []
    _, _, tag = image.rpartition("/")[2].partition(":")
    if "$" in tag or (not tag and "$" in image):
        return []  # an unset variable has its own finding; one among the secrets cannot be judged here
    if not tag or tag == "latest":
        return [
            finding(
                f"{place}/image",
                "an image has a tag that stays what it is, not `latest`",
                image,
                f"Pin a version or a digest, or list '{service.name}' in app.allow.mutableImages.",
            )
        ]
    return []


def _loopback(port: str | Mapping[str, Any], env: Mapping[str, str]) -> bool:
    if not isinstance(port, str):
        return str(port.get("host_ip", "")) in ("127.0.0.1", "::1")
    return interpolate(port, env).startswith(("127.0.0.1:", "[::1]:"))


def _bind(place: str, source: str, app: App) -> list[Finding]:
    if source.startswith("~"):
        return [
            finding(f"{place}/volumes", "a bind mount's source is below the compose file or absolute", source)
        ]
    if source.startswith("/"):
        return []
    relative = source.removeprefix("./").rstrip("/")
    provided = {target for target in app.files if target == relative or target.startswith(relative + "/")}
    if relative in ("", ".") or not provided:
        return [
            finding(
                f"{place}/volumes",
                "a bind mount's source is among app.files (Docker would mount an empty folder)",
                source,
                f"Add {relative or 'its files'} to app.files.",
            )
        ]
    return []


def _private(compose: Compose, app: App) -> list[Finding]:
    """`app.private` can be kept: its services have no other network, and are nobody else's."""
    found: list[Finding] = []
    have = ", ".join(sorted(compose.services))
    for name, callers in app.private.items():
        place = f"app/private/{name}"
        service = compose.services.get(name)
        if service is None:
            found.append(finding(place, f"a service of the compose file ({have})"))
            continue
        if service.networks or service.network_mode:
            found.append(
                finding(
                    place,
                    "a private service says nothing of networks in the compose file: Drawbridge gives it its only one",
                    list(service.networks) or service.network_mode,
                    f"Remove `networks` and `network_mode` from '{name}', or separate it in the compose file alone.",
                )
            )
        if not callers:
            found.append(finding(place, "at least one service that may reach it", []))
        for position, caller in enumerate(callers):
            if caller not in compose.services or caller == name:
                found.append(
                    finding(f"{place}/{position}", f"another service of the compose file ({have})", caller)
                )
            elif compose.services[caller].network_mode:
                mode = compose.services[caller].network_mode
                found.append(
                    finding(
                        f"{place}/{position}",
                        "a service on the compose network",
                        f"{caller} (network_mode: {mode})",
                    )
                )
        for other, body in sorted(compose.services.items()):
            if body.network_mode == f"service:{name}" and other not in callers:
                rule = f"'{other}' shares the network of '{name}' (network_mode) and is not among those that may reach it"
                found.append(finding(place, rule, cure=f"Add {other}, or give it a network of its own."))
    return found


def _once(compose: Compose, app: App) -> list[Finding]:
    found: list[Finding] = []
    have = ", ".join(sorted(compose.services))
    chosen = run_once(compose, app)
    for position, name in enumerate(app.once or ()):
        if name not in compose.services:
            found.append(finding(f"app/once/{position}", f"a service of the compose file ({have})", name))
    for name in chosen:
        for other, service in sorted(compose.services.items()):
            condition = service.depends.get(name)
            if other not in chosen and condition not in (None, "service_completed_successfully"):
                found.append(
                    finding(
                        f"app/compose/services/{other}/depends_on/{name}",
                        f"'{name}' runs once and ends before the others start: what waits for it waits for its end",
                        condition,
                        "Write `condition: service_completed_successfully`, or leave it out of app.once.",
                    )
                )
    return found


def own_database(compose: Compose, readers: Iterable[str]) -> list[Finding]:
    """Services that are given the database and have the address of another one written into the compose file, which wins."""
    return [
        finding(
            f"app/compose/services/{name}/environment/{variable}",
            "a service that gets the stack's database does not name another one",
            cure=f"Write ${{{variable}}} for its value, or leave it out; or list in database.services who does use the database.",
        )
        for name in readers
        for variable in ("DATABASE_URL", "PGHOST")
        if variable in compose.services[name].fixed
    ]
