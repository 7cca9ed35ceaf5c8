"""What the parts of a compose file say of each other: what Compose checks beyond its schema."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ..errors import Finding, finding, problem
from ..lines import step
from . import normal
from .interpolation import UNKNOWN


def check(document: Mapping[str, Any], profiles: Collection[str]) -> list[Finding]:
    """``document`` has passed the schema, with its variables put in."""
    services = document["services"]
    found = [item for key in ("secrets", "configs") for item in _contents(document, key)]
    for name, volume in (document.get("volumes") or {}).items():
        own = [key for key in ("driver", "driver_opts", "labels") if key in (volume or {})]
        if own and (volume or {}).get("external") not in (None, False, "false"):
            found.append(
                problem(step("volumes", name), f"there are `external` and `{own[0]}`", "keep one of them")
            )
    on = {name: body for name, body in services.items() if not normal.is_off(body, profiles)}
    for name, body in on.items():
        place = step("services", name)
        found += _names(place, body, document)
        found += _needed(place, name, body, on, services)
        found += _itself(place, body)
    return found or list(_circle(on))


def _contents(document: Mapping[str, Any], key: str) -> Iterator[Finding]:
    ways = ("file", "environment", "content") if key == "configs" else ("file", "environment")
    for name, body in (document.get(key) or {}).items():
        given = [way for way in ways if way in (body or {})]
        # An empty config is one; a secret has to come from somewhere.
        named = [way for way in given if key == "configs" or body[way]]
        place = step(key, name)
        if len(given) > 1:
            yield finding(place, f"one of {', '.join(ways)}", given)
        elif not named and not {"external", "driver"} & set(body or {}):
            yield problem(place, "nothing says what is in it", f"add one of {', '.join(ways)}")


def _names(place: str, body: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Finding]:
    """Networks, volumes, secrets and configs that the file declares."""
    mounts = [normal.mount(item) for item in body.get("volumes") or ()]
    used = {
        "networks": [name for name in normal.networks(body.get("networks")) if name != "default"],
        "volumes": [item["source"] for item in mounts if item["type"] == "volume" and item["source"]],
        "secrets": normal.sources(body.get("secrets")),
        "configs": normal.sources(body.get("configs")),
        "models": list(map(str, body.get("models") or ())),
    }
    for key, names in used.items():
        declared = document.get(key) or {}
        for name in names:
            if name not in declared and UNKNOWN not in name:
                have = ", ".join(map(str, declared)) or "none"
                rule = f"one of those that the file declares under `{key}` (it has {have})"
                yield finding(
                    f"{place}.{key}", rule, name, f"declare it, or take it out of the service's {key}"
                )


def _needed(
    place: str, name: str, body: Mapping[str, Any], on: Mapping[str, Any], services: Mapping[str, Any]
) -> Iterator[Finding]:
    """Other services that this one cannot be without."""
    wanted = {
        step("depends_on", other): other
        for other, how in normal.depends_on(body.get("depends_on")).items()
        if how["required"] or other not in services
    }
    wanted |= {key: other for key, other in normal.shared(body)}
    for key, other in wanted.items():
        if other in on:
            continue
        if other in services:
            said = f"'{other}' has a profile that is off, and '{name}' needs it"
            yield problem(f"{place}.{key}", said, "switch its profile on in app.profiles, or take this out")
        else:
            yield finding(
                f"{place}.{key}",
                f"a service of this file ({', '.join(services)})",
                other,
                "take it out, or name another",
            )


def _itself(place: str, body: Mapping[str, Any]) -> Iterator[Finding]:
    if not body.get("image") and "build" not in body and "provider" not in body:
        yield problem(place, "the service has no image", "add `image`")
    if body.get("network_mode") and body.get("networks"):
        yield problem(f"{place}.network_mode", "there are `networks` too", "keep one of them")
    test = (body.get("healthcheck") or {}).get("test")
    if isinstance(test, list) and test and test[0] not in ("CMD", "CMD-SHELL", "NONE"):
        yield finding(f"{place}.healthcheck.test", "a list that begins with CMD, CMD-SHELL or NONE", test)
    deploy = body.get("deploy") or {}
    replicas = _number(body.get("scale", deploy.get("replicas")))
    if body.get("container_name") and replicas is not None and replicas > 1:
        said = "there are several replicas, and a container's name is unique"
        yield problem(f"{place}.container_name", said, "remove one of them")
    if replicas is not None and replicas < 0:
        yield finding(f"{place}.scale", "at least 0", replicas)
    if "scale" in body and "replicas" in deploy and _number(body["scale"]) != _number(deploy["replicas"]):
        yield finding(f"{place}.scale", "the same number as deploy.replicas", body["scale"])
    for item in body.get("ports") or ():
        port = normal.port(item)
        if port["host_ip"] and UNKNOWN not in port["host_ip"] and not _address(port["host_ip"]):
            yield finding(f"{place}.ports", "an IP address before the port", item)
        if not isinstance(item, dict) and not _target(port["target"]):
            yield finding(f"{place}.ports", "a port of the container, as in 127.0.0.1:8080:80", item)
        if isinstance(item, dict) and not port["target"]:
            yield finding(f"{place}.ports", "a port with its `target`, the container's", item)
        if port["published"] and not _target(port["published"]):
            yield finding(f"{place}.ports", "a port of the machine, 1 to 65535", item)
    seen: set[str] = set()
    tmpfs = body.get("tmpfs") or []
    places = [str(item).partition(":")[0] for item in ([tmpfs] if isinstance(tmpfs, str) else tmpfs)]
    places += [normal.mount(item)["target"].rstrip("/") for item in body.get("volumes") or ()]
    for item in body.get("volumes") or ():
        if item == "":
            yield finding(f"{place}.volumes", "a volume or a folder, and a place", item, "remove it")
        if isinstance(item, dict) and item.get("type") in ("bind", "tmpfs") and not item.get("target"):
            yield problem(f"{place}.volumes", "a mount without the key 'target'", "add it")
    for target in places:
        if target in seen:
            yield finding(f"{place}.volumes", "one mount for each place of the container", target)
        seen.add(target)


def _target(text: str) -> bool:
    return UNKNOWN in text or all(
        part.isascii() and part.isdigit() and 0 < int(part[:6]) < 65536 for part in text.split("-")
    )


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _circle(services: Mapping[str, Any]) -> Iterator[Finding]:
    """One circle of services that wait for each other, if there is one."""
    needs = {
        name: sorted(normal.dependencies(body).keys() & services.keys()) for name, body in services.items()
    }
    done: set[str] = set()
    for start in services:
        above: list[tuple[str, Iterator[str]]] = []
        if start not in done:
            above.append((start, iter(needs[start])))
        while above:
            name, rest = above[-1]
            other = next((item for item in rest if item not in done), None)
            names = [item for item, _ in above]
            if other is None:
                done.add(name)
                above.pop()
            elif other in names:
                circle = " -> ".join([*names[names.index(other) :], other])
                place = step("services", name) + ".depends_on"
                yield problem(
                    place,
                    f"services wait for each other in a circle: {circle}",
                    "take one of these out",
                )
                return
            else:
                above.append((other, iter(needs[other])))
