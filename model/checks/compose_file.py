"""Whether the compose file can run on an instance as Drawbridge runs it."""

from __future__ import annotations

import posixpath

from ..compose.file import Compose, Service
from ..compose.interpolation import UNKNOWN, shown
from ..compose.overlay import CONNECTOR, NETWORK
from ..compose.services import read_by_services, registry_passwords, run_once
from ..errors import Finding, finding, problem
from ..lines import step
from ..settings import App

_PROCESS = frozenset(
    [
        "HOME",
        "PATH",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "LANG",
        "LANGUAGE",
        "LC_ALL",
        "USER",
        "LOGNAME",
        "SHELL",
        "TERM",
        "INVOCATION_ID",
        "JOURNAL_STREAM",
    ]
)
"""Variables that Compose's own process may have on a machine: there they go before .env."""


def check(compose: Compose, app: App) -> tuple[list[Finding], list[str]]:
    """Findings and warnings of the compose file against `app`."""
    found: list[Finding] = []
    warnings: list[str] = []
    have = sorted(compose.services)
    for name, service in compose.services.items():
        place = step("services", name)
        if name == CONNECTOR:
            found.append(
                compose.problem(place, "Drawbridge adds the connector itself", "remove this service")
            )
        if name == CONNECTOR or service.off:
            continue
        found += _image(compose, place, service, app)
        if service.host_network and name not in app.allow.host_network:
            found.append(
                compose.finding(
                    f"{place}.network_mode",
                    "another network than the host's, where the machine's AWS credentials are",
                    "host",
                    f"use the compose network, or list '{name}' in app.allow.hostNetwork",
                )
            )
        for mount in service.mounts:
            if mount["type"] == "bind" or UNKNOWN in mount["source"]:
                found += _bind(compose, place, mount["source"], app)
            if not mount["target"].startswith(("/", UNKNOWN)):
                rule = "a place in the container from / on (Compose takes `d:/x` for a drive of Windows)"
                found.append(compose.finding(f"{place}.volumes", rule, mount["target"]))
        for env_file in service.env_files:
            relative = env_file["path"].removeprefix("./")
            if relative != ".env" and relative not in app.files and env_file["required"]:
                found.append(
                    compose.finding(
                        f"{place}.env_file",
                        ".env, which Drawbridge writes, or one of app.files",
                        shown(env_file["path"]),
                        f"write `env_file: .env`, or add {shown(relative)} to app.files",
                    )
                )
        if not service.restarts and not service.one_shot and name not in (app.once or ()):
            warnings.append(
                f"{compose.place(place)}: no `restart` policy: when its process ends it stays down until the machine restarts"
            )
    found += [*_private(compose, app), *_once(compose, app)]
    if NETWORK in compose.networks:
        found.append(
            compose.problem(
                f"networks.{NETWORK}", "Drawbridge has a network of this name", "choose another name"
            )
        )
    for variable in sorted(read_by_services(compose) & _PROCESS):
        said = f"Compose's own process has a {variable} too, and that goes before .env"
        fix = f"choose another name, as in `{variable}: ${{APP_{variable}}}` in {compose.file}"
        found.append(
            problem(f"app.env.{variable}", said, fix)
            if variable in app.env
            else compose.problem("", said, fix, compose.line_of_variable(variable))
        )
    known = {profile for service in compose.services.values() for profile in service.profiles}
    for position, profile in enumerate(app.profiles):
        if profile not in (*known, "*"):
            rule = f"a profile of {compose.file} ({', '.join(sorted(known)) or 'none'})"
            found.append(finding(f"app.profiles[{position}]", rule, profile))
    for variable in sorted(compose.required - _PROCESS):
        found.append(
            compose.problem(
                "",
                f"the variable ${{{variable}}} has no value",
                f"name it in app.env, app.secrets or app.generate, or write ${{{variable}:-default}}",
                compose.line_of_variable(variable),
            )
        )
    reads_all = any(service.reads_env_file for service in compose.services.values())
    for kind, names in (
        ("env", tuple(app.env)),
        ("secrets", app.secrets),
        ("generate", tuple(app.generate)),
        ("facts", tuple(app.facts)),
    ):
        for unused in (
            () if reads_all else sorted(set(names) - read_by_services(compose) - registry_passwords(app))
        ):
            warnings.append(f"app.{kind}.{unused}: no service of {compose.file} mentions ${{{unused}}}")
    for label, names in (
        ("mutableImages", app.allow.mutable_images),
        ("noHealthcheck", app.allow.no_healthcheck),
        ("hostNetwork", app.allow.host_network),
        ("byHost", app.allow.by_host),
        ("machine", app.allow.machine),
        ("ownDatabase", app.allow.own_database),
    ):
        for position, service_name in enumerate(names):
            if service_name not in compose.services:
                found.append(
                    finding(
                        f"app.allow.{label}[{position}]",
                        f"a service of {compose.file} ({', '.join(have)})",
                        service_name,
                    )
                )
    return found, warnings


def _image(compose: Compose, place: str, service: Service, app: App) -> list[Finding]:
    if service.image is None:
        fix = (
            f"build and push it in your pipeline, and name it in app.images.{service.name}: the machines pull, they do not build"
            if service.built
            else "add `image`"
        )
        return [compose.problem(place, "the service has no image", fix)]
    image = service.image
    if "@sha256:" in image or service.name in app.allow.mutable_images:
        return []
    _, _, tag = image.rpartition("/")[2].partition(":")
    if UNKNOWN in tag or (not tag and UNKNOWN in image) or not image or image.endswith(":"):
        return []  # one among the secrets cannot be judged here; a variable that is not set has its own finding
    if not tag or tag == "latest":
        return [
            compose.finding(
                f"{place}.image",
                "an image with a tag other than `latest`",
                image,
                f"pin a version or a digest in app.images.{service.name}, or list '{service.name}' in app.allow.mutableImages",
            )
        ]
    return []


def _bind(compose: Compose, place: str, source: str, app: App) -> list[Finding]:
    if source.startswith("~") or UNKNOWN in source:
        rule = "a bind mount below the compose file's folder or absolute"
        return [compose.finding(f"{place}.volumes", rule, shown(source))]
    if source.startswith("/"):
        return []
    relative = posixpath.normpath(source)
    provided = {target for target in app.files if target == relative or target.startswith(relative + "/")}
    if relative in ("", ".") or not provided:
        return [
            compose.finding(
                f"{place}.volumes",
                "a bind mount of one of app.files",
                source,
                f"add {relative or 'its files'} to app.files: Docker would mount an empty folder",
            )
        ]
    return []


def _private(compose: Compose, app: App) -> list[Finding]:
    """`app.private` can be kept: its services have no other network, and are nobody else's."""
    found: list[Finding] = []
    have = ", ".join(sorted(compose.services))
    for name, callers in app.private.items():
        place = f"app.private.{name}"
        service = compose.services.get(name)
        if service is None:
            found.append(finding(place, f"a service of {compose.file} ({have})", name))
            continue
        if service.networks or service.network_mode:
            found.append(
                compose.finding(
                    step("services", name) + (".networks" if service.networks else ".network_mode"),
                    "no network of its own, for app.private gives this service its only one",
                    list(service.networks) or service.network_mode,
                    f"remove `networks` and `network_mode` from '{name}', or take it out of app.private",
                )
            )
        if not callers:
            found.append(
                finding(place, "at least one service that may reach it", [], "add one, or remove the entry")
            )
        for position, caller in enumerate(callers):
            if caller not in compose.services or caller == name:
                found.append(
                    finding(f"{place}[{position}]", f"another service of {compose.file} ({have})", caller)
                )
            elif compose.services[caller].network_mode:
                mode = compose.services[caller].network_mode
                found.append(
                    finding(
                        f"{place}[{position}]",
                        "a service on the compose network",
                        f"{caller} (network_mode: {mode})",
                    )
                )
        for other, body in sorted(compose.services.items()):
            if body.network_mode == f"service:{name}" and other not in callers:
                said = f"'{other}' shares the network of '{name}' (network_mode) and is not among those that may reach it"
                found.append(problem(place, said, f"add {other}, or give it a network of its own"))
    return found


def _once(compose: Compose, app: App) -> list[Finding]:
    found: list[Finding] = []
    have = ", ".join(sorted(compose.services))
    chosen = run_once(compose, app)
    for position, name in enumerate(app.once or ()):
        if name not in compose.services:
            found.append(finding(f"app.once[{position}]", f"a service of {compose.file} ({have})", name))
    for name in chosen:
        for other, service in sorted(compose.services.items()):
            condition = service.depends.get(name)
            if other not in chosen and condition not in (None, "service_completed_successfully"):
                found.append(
                    compose.finding(
                        f"services.{other}.depends_on.{name}",
                        f"`condition: service_completed_successfully`, for '{name}' runs once and ends before the others start",
                        condition,
                        f"write that, or leave '{name}' out of app.once",
                    )
                )
    return found
