"""What Compose takes and the machine lacks, and what would hand the machine to a container."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..compose.file import Compose, Service
from ..compose.interpolation import UNKNOWN, shown
from ..errors import Finding, finding, problem
from ..lines import step
from ..settings import App, Host

_HARMLESS = (
    "/etc/localtime",
    "/etc/timezone",
    "/usr/share/zoneinfo",
    "/etc/ssl/certs",
    "/etc/ca-certificates",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
)
"""Of the machine's files, those that hold nothing of its own; read only."""


_CAPABILITIES = frozenset(
    [
        "ALL",
        "BPF",
        "DAC_READ_SEARCH",
        "MAC_ADMIN",
        "MAC_OVERRIDE",
        "NET_ADMIN",
        "PERFMON",
        "SYSLOG",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_CHROOT",
        "SYS_MODULE",
        "SYS_PTRACE",
        "SYS_RAWIO",
        "SYS_TIME",
    ]
)
"""With one of these a process reaches beyond its container."""


class _Driver(NamedTuple):
    name: str
    options: str


_ANY = r"mode|max-buffer-size|cache-.*|tag|"
# https://docs.docker.com/engine/logging/drivers/awslogs/ and /journald/
_DRIVERS = {
    "cloudwatch": _Driver("awslogs", _ANY + r"awslogs-[a-z-]+"),
    "journald": _Driver("journald", _ANY + r"labels(-regex)?|env(-regex)?"),
}
"""Docker's driver for each of host.logs, and a pattern of its options."""


def check(compose: Compose, app: App, host: Host, warnings: list[str]) -> list[Finding]:
    found: list[Finding] = []
    for name, service in compose.running.items():
        place = step("services", name)
        if name not in app.allow.machine:
            fix = f"take it out, or list '{name}' in app.allow.machine if it may take the whole machine"
            for key, what in _handed_over(service):
                rule = "no hold on the machine, where the secrets and AWS credentials of all services are"
                found.append(finding(f"{place}.{key}", rule, what, fix))
        found += _lacking(place, service.body, host)
        found += _logging(compose, place, service.body.get("logging") or {}, host, warnings)
    found += _outside(compose, app)
    return list(map(compose.placed, found))


def _logging(
    compose: Compose, place: str, logging: Mapping[str, Any], host: Host, warnings: list[str]
) -> Iterator[Finding]:
    driver, ours = str(logging.get("driver") or ""), _DRIVERS[host.logs]
    if driver not in ("", ours.name) and UNKNOWN not in driver:
        warnings.append(
            f"{compose.place(f'{place}.logging')}: `{driver}` keeps the service's lines out of the machine's logs "
            f"(host.logs: {host.logs}), and out of the alarm on errors; without `logging` they are there"
        )
    if driver in ("", ours.name):
        for option in logging.get("options") or {}:
            if not re.fullmatch(ours.options, option):
                rule = f"an option of `{ours.name}`, the machine's driver (host.logs: {host.logs}), or Docker starts no container"
                yield finding(f"{place}.logging.options", rule, option, "take it out")


def _handed_over(service: Service) -> Iterator[tuple[str, Any]]:
    body = service.body
    if body.get("privileged") not in (None, False, "false"):
        yield "privileged", True
    for key in ("pid", "ipc", "uts", "userns_mode", "cgroup"):
        if str(body.get(key) or "") == "host":
            yield key, "host"
    for capability in body.get("cap_add") or ():
        if str(capability).upper().removeprefix("CAP_") in _CAPABILITIES:
            yield "cap_add", capability
    for key in ("devices", "device_cgroup_rules"):
        if body.get(key):
            yield key, body[key]
    for option in body.get("security_opt") or ():
        if str(option).replace("=", ":").endswith((":unconfined", "label:disable")):
            yield "security_opt", option
    for mount in service.mounts:
        source = posixpath.normpath(mount["source"]) if mount["source"] else ""
        harmless = mount["read_only"] and any(source == p or source.startswith(f"{p}/") for p in _HARMLESS)
        if mount["type"] == "bind" and source.startswith("/") and not harmless:
            yield "volumes", source
        if mount["type"] == "npipe":
            yield "volumes", mount["source"]


def _lacking(place: str, body: Mapping[str, Any], host: Host) -> Iterator[Finding]:
    platform = body.get("platform")
    if platform and UNKNOWN not in platform:
        system, name = platform.split("/")[:2] if "/" in platform else ("linux", platform)
        architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(name, name)
        if system != "linux" or architecture not in (host.architecture, "amd64/v2"):
            rule = f"linux/{host.architecture}, which {host.instance_type} is"
            yield finding(
                f"{place}.platform", rule, platform, "take it out, or choose another host.instanceType"
            )
    if body.get("runtime") not in (None, "", "runc", "io.containerd.runc.v2"):
        yield finding(
            f"{place}.runtime", "a runtime that the machine has: runc", body["runtime"], "take it out"
        )
    deploy = body.get("deploy") or {}
    reserved = ((deploy.get("resources") or {}).get("reservations") or {}).get("devices")
    for key, value in (("gpus", body.get("gpus")), ("deploy.resources.reservations.devices", reserved)):
        if value:
            said = "the machine has no driver of a GPU, and the container would not start"
            yield problem(f"{place}.{key}", said, "take it out")
    if deploy.get("mode") not in (None, "replicated"):
        yield finding(
            f"{place}.deploy.mode", "`replicated`, for the machine is no swarm", deploy["mode"], "take it out"
        )
    if body.get("provider"):
        yield problem(f"{place}.provider", "the machine has no such plugin", "take it out")


def _outside(compose: Compose, app: App) -> Iterator[Finding]:
    """What the file says is there already, or beside it."""
    running = compose.running.values()
    for name, body in compose.volumes.items():
        if body.get("external") and name not in app.storage:
            fix = "take `external` out, and name it in app.storage to keep it"
            yield problem(step("volumes", name), "nothing on the machine has made this volume before", fix)
    for kind, bodies in (("secrets", compose.secrets), ("configs", compose.configs)):
        for name, body in bodies.items():
            place = step(kind, name)
            if not any(_takes(service, kind, name) for service in running):
                continue
            if body.get("external") or body.get("driver"):
                fix = f"write `{name}: {{environment: VARIABLE}}`, and name the variable in app.secrets"
                yield problem(place, "only a swarm keeps such, and the machine is none", fix)
            file = str(body.get("file") or "")
            relative = posixpath.normpath(file) if file else ""
            if file and relative not in app.files:
                fix = f"add {shown(relative)} to app.files"
                fix += (
                    "; a secret better comes by `environment: VARIABLE` and app.secrets"
                    if kind == "secrets"
                    else ""
                )
                yield finding(
                    f"{place}.file", "one of app.files, for nothing else is on the machine", shown(file), fix
                )


def _takes(service: Service, kind: str, name: str) -> bool:
    return any(
        (item.get("source") if isinstance(item, dict) else item) == name
        for item in service.body.get(kind) or ()
    )
