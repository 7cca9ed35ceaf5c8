"""What a container may do to its machine, and which containers reach which, service by service."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from model.compose.casts import is_on, may_be_on
from preview.analysis.exposures.machine_files import APP, Machine, machines
from preview.analysis.exposures.versions import Versions, dicts, texts
from preview.changes import Exposure
from preview.resources import Evaluation

Service = Mapping[str, Any]

CONNECTOR = "cloudflared"
_STORAGE = "/srv/drawbridge/storage/"
_SHARED_FILES = ("/etc/drawbridge/rds-ca.pem",)
_CONNECTORS_FILES = ("/etc/drawbridge/tunnel-token",)


def containers(versions: Versions) -> Iterator[Exposure]:
    for pair in machines(versions):
        for name, service in pair.after.services.items():
            known = pair.before.services.get(name)
            for text in _fresh(name, known, service, pair.before, pair.after):
                yield Exposure(kind="container", subject=name, text=f"service {name} {text}")
        connectors = [_repository(machine.services.get(CONNECTOR)) for machine in (pair.before, pair.after)]
        if connectors[0] and connectors[0] != connectors[1]:
            text = f"comes from {connectors[1] or 'nowhere'} (before: {connectors[0]}): who builds it gets the tunnel's token"
            yield Exposure(
                kind="container", subject=CONNECTOR, text=f"service {CONNECTOR} {text} and every request"
            )
        for name, text in _reached(pair.before, pair.after):
            yield Exposure(kind="container", subject=name, text=f"service {name} {text}")
    yield from _allowed(versions.before.evaluation, versions.after.evaluation)


def _repository(service: Service | None) -> str:
    """The image of a service without its tag and digest."""
    image = str((service or {}).get("image") or "").partition("@")[0]
    return re.sub(r":[^:/]*$", "", image)


def _fresh(name: str, old: Service | None, new: Service, before: Machine, after: Machine) -> Iterator[str]:
    known = set(_powers(name, old, before)) if old is not None else set()
    for power in dict.fromkeys(_powers(name, new, after)):
        # What may be written to may be read as well.
        if power not in known and power.replace(" to read", " to write") not in known:
            yield power
    if old is not None:
        yield from _lost(old, new)


# What a service may do ----------------------------------------------------------------------------------------------------


def _powers(name: str, service: Service, machine: Machine) -> Iterator[str]:
    """Each power over the machine as text that completes "service NAME ..."."""
    if may_be_on(service.get("privileged")):
        yield "runs privileged: it is root on the machine"
    for key, words in _NAMESPACES.items():
        value = str(service.get(key) or "")
        if value == "host":
            yield f"shares the machine's {words}"
        elif value.startswith(("container:", "service:")):
            yield f"shares the {words.partition(',')[0]} of {value}"
    for device in [*_listed(service.get("devices")), *_listed(service.get("device_cgroup_rules"))]:
        yield f"uses the machine's device {device}"
    for capability in texts(service.get("cap_add")):
        yield f"has the capability {capability.upper().removeprefix('CAP_')}"
    for option in texts(service.get("security_opt")):
        if re.search(r"unconfined|disable|no-new-privileges[:=]false", option):
            yield f"runs without a guard of the machine: {option}"
    if str(service.get("user", "")).partition(":")[0] in ("root", "0"):
        yield "runs as root"
    for port in _ports(service):
        yield f"answers on {port} of the machine"
    for source, mode in _host_paths(name, service, machine):
        yield f"mounts {source} of the machine to {mode}" + _grave(source)
    for host in _hosts(service):
        yield f"reaches {host}"
    if may_be_on(service.get("use_api_socket")):
        yield "speaks to Docker, and so is root on the machine"
    for group in texts(service.get("group_add")):
        if group in ("docker", "root", "0", "sudo", "disk"):
            yield f"is in the machine's group {group}"
    for hook in dicts(service.get("post_start")) + dicts(service.get("pre_stop")):
        if may_be_on(hook.get("privileged")):
            yield "runs a privileged command as it starts or stops"
    for source in texts(service.get("volumes_from")):
        yield f"mounts what {source} mounts"
    for key in ("cgroup_parent", "runtime"):
        if service.get(key):
            yield f"runs with {key} {service[key]}"
    for setting in _listed(service.get("sysctls")):
        yield f"sets {setting} of the kernel"


_NAMESPACES = {
    "pid": "processes",
    "ipc": "shared memory",
    "uts": "hostname",
    "userns_mode": "users",
    "network_mode": "network, and so the machine's credentials",
    "cgroup": "control groups",
}


def _listed(value: Any) -> list[str]:
    """Entries in their short form; an object as JSON."""
    if isinstance(value, Mapping):
        return [f"{key}={item}" for key, item in value.items()]
    return [
        str(item.get("source") or json.dumps(item, sort_keys=True))
        if isinstance(item, Mapping)
        else str(item)
        for item in value or ()
    ]


def _ports(service: Service) -> Iterator[str]:
    """Published ports but those on the machine's own loopback."""
    for port in service.get("ports") or ():
        if isinstance(port, Mapping):
            address = str(port.get("host_ip") or "")
            published, target = port.get("published"), port.get("target")
            text = f"{published or target}/{port.get('protocol', 'tcp')}"
        else:
            parts = re.match(r"^(?:(\[[^]]*\]|\d+\.[\d.]+):)?(?:([\d-]*):)?([\d-]+)(/\w+)?$", str(port))
            address = (parts[1] or "") if parts else ""
            text = f"{parts[2] or parts[3]}{parts[4] or '/tcp'}" if parts else str(port)
        if not address.strip("[]").startswith("127.") and address.strip("[]") != "::1":
            yield f"port {text}"


def _host_paths(name: str, service: Service, machine: Machine) -> Iterator[tuple[str, str]]:
    """(path, `read` or `write`) of every mount from outside the app's own folder and its storage."""
    for volume in service.get("volumes") or ():
        source, read_only = _mount(volume)
        if source and not re.match(r"[./~]|\$", source):
            source = _backed(machine.volumes.get(source))
        if not source:
            continue
        path = posixpath.normpath(
            source if source.startswith(("/", "~", "$")) else posixpath.join(APP, source)
        )
        if path.startswith(_STORAGE) or (read_only and path in _SHARED_FILES):
            continue
        if name == CONNECTOR and path in _CONNECTORS_FILES:
            continue
        if path.startswith(APP) and posixpath.basename(path) != ".env":
            continue
        yield path, "read" if read_only else "write"
    for key in ("configs", "secrets"):
        for item in service.get(key) or ():
            file = str(item.get("file", "")) if isinstance(item, Mapping) else ""
            if file.startswith("/"):
                yield file, "read"


def _mount(volume: Any) -> tuple[str, bool]:
    if isinstance(volume, Mapping):
        if volume.get("type", "bind") not in ("bind", "volume"):
            return "", False
        return str(volume.get("source") or ""), is_on(volume.get("read_only"))
    parts = str(volume).split(":")
    return (
        (parts[0], "ro" in parts[2].split(",") if len(parts) > 2 else False)
        if len(parts) > 1
        else ("", False)
    )


def _backed(volume: Any) -> str:
    """The machine's path that a named volume stands for."""
    options = (volume or {}).get("driver_opts") or {} if isinstance(volume, Mapping) else {}
    bound = "bind" in str(options.get("o", ""))
    return str(options.get("device") or "") if bound else ""


def _grave(path: str) -> str:
    if path.endswith("docker.sock") or path in ("/run", "/var/run", "/var"):
        return ", where Docker takes orders: it is root on the machine"
    if path == "/":
        return ", which is all of it"
    if path.startswith(("/etc/drawbridge", "/opt/drawbridge")):
        return ", where the secrets of every service are"
    return ""


_OUT = re.compile(r"host-gateway|169\.254\.|fd00:ec2")


def _hosts(service: Service) -> Iterator[str]:
    given = service.get("extra_hosts")
    pairs = [f"{key}={value}" for key, value in given.items()] if isinstance(given, Mapping) else texts(given)
    for pair in pairs:
        if _OUT.search(pair):
            yield f"the machine itself by {re.split('[=:]', pair, maxsplit=1)[0]}"


# What a service is no longer kept from ------------------------------------------------------------------------------------


def _lost(old: Service, new: Service) -> Iterator[str]:
    if may_be_on(old.get("read_only")) and not is_on(new.get("read_only")):
        yield "may write to its own file system"
    dropped = [
        {str(c).upper() for c in old.get("cap_drop") or ()},
        {str(c).upper() for c in new.get("cap_drop") or ()},
    ]
    kept = dropped[0] - dropped[1] if "ALL" not in dropped[1] else set()
    if kept:
        yield f"is no longer without the capabilities {', '.join(sorted(kept))}"
    for option in texts(old.get("security_opt")):
        guards = not re.search(r"unconfined|disable|false", option)
        same = re.sub(r"[:=]true$", "", option)
        if guards and not any(
            re.sub(r"[:=]true$", "", other) == same for other in texts(new.get("security_opt"))
        ):
            yield f"loses a guard: {option}"
    users = [str(service.get("user") or "").partition(":")[0] for service in (old, new)]
    if users[0] not in ("", "root", "0") and users[1] == "":
        yield f"runs as its image says, not as {users[0]}"


# Who reaches whom ---------------------------------------------------------------------------------------------------------


def _networks(service: Service) -> frozenset[str]:
    if service.get("network_mode"):
        return frozenset()
    return frozenset(map(str, service.get("networks") or ("default",)))


def _reached(before: Machine, after: Machine) -> Iterator[tuple[str, str]]:
    """Services that were kept from others, on networks of their own, and are reached by one that did not reach them."""
    for name, service in after.services.items():
        old = before.services.get(name)
        if old is None or name == CONNECTOR or "default" in _networks(old):
            continue
        callers = []
        for other, caller in after.services.items():
            if other in (name, CONNECTOR) or not _networks(service) & _networks(caller):
                continue
            former = before.services.get(other)
            if former is not None:
                if _networks(old) & _networks(former):
                    continue
                kept = "default" not in _networks(former) and _networks(former) == _networks(caller)
                if kept and _networks(old) != _networks(service):
                    continue  # this service comes to the other one, which is told of there
            callers.append(other)
        if callers:
            yield name, f"is reached by {', '.join(sorted(callers))}, which did not reach it"


# What the stack file lets pass ----------------------------------------------------------------------------------------------

_OPENS_NOTHING = ("noHealthcheck",)


def _allowed(before: Evaluation, after: Evaluation) -> Iterator[Exposure]:
    known = set(_allowances(before))
    for key, name in _allowances(after):
        if (key, name) not in known and key not in _OPENS_NOTHING:
            text = f"service {name} is let pass by app.allow.{key}"
            yield Exposure(kind="container", subject=name, text=text)


def _allowances(evaluation: Evaluation) -> list[tuple[str, str]]:
    try:
        app = json.loads(evaluation.config.get("drawbridge:app") or "{}")
    except ValueError:
        return []
    allow = app.get("allow") if isinstance(app, dict) else None
    if not isinstance(allow, dict):
        return []
    return [(key, name) for key, names in sorted(allow.items()) for name in _names(names)]


def _names(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [str(key) for key in value]
    return texts(value) if value not in (False, None) else []
