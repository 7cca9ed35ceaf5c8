"""Short and long syntax of a service, in the long one: the only form that the rest of the program sees."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_BIND = (".", "/", "~")


def depends_on(value: Any) -> dict[str, dict[str, Any]]:
    """Each service that must come first, with its `condition` and whether it is `required`."""
    if isinstance(value, list):
        return {str(name): {"condition": "service_started", "required": True} for name in value}
    if not isinstance(value, dict):
        return {}
    bodies = {str(name): body if isinstance(body, dict) else {} for name, body in value.items()}
    return {
        name: {
            "condition": str(body.get("condition") or "service_started"),
            "required": body.get("required", True) not in (False, "false"),
        }
        for name, body in bodies.items()
    }


def is_off(body: Mapping[str, Any], profiles: Collection[str]) -> bool:
    """Whether a service has profiles and none of them is among those switched on; `*` switches all on."""
    own = body.get("profiles") or ()
    return bool(own) and not {"*", *map(str, own)} & set(profiles)


_SERVICE = "service:"


def shared(body: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The services whose namespaces, volumes or names this one takes part in, each with the key that says so."""
    for key in ("network_mode", "ipc", "pid"):
        value = str(body.get(key) or "")
        if value.startswith(_SERVICE):
            yield key, value.removeprefix(_SERVICE)
    for item in body.get("volumes_from") or ():
        if not str(item).startswith("container:"):
            yield "volumes_from", str(item).partition(":")[0]
    for item in body.get("links") or ():
        yield "links", str(item).partition(":")[0]


def dependencies(body: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """All that a service waits for: what it says, and what follows from what it shares."""
    implied = {other: {"condition": "service_started", "required": True} for _, other in shared(body)}
    return {**implied, **depends_on(body.get("depends_on"))}


_ONCE = (
    "cap_add",
    "cap_drop",
    "dns",
    "dns_opt",
    "dns_search",
    "expose",
    "links",
    "ports",
    "profiles",
    "tmpfs",
    "volumes",
)


def unique(body: Mapping[str, Any]) -> dict[str, Any]:
    """A service without what its lists say twice; of two mounts of one place the later counts."""
    found = dict(body)
    for key in _ONCE:
        items = found.get(key)
        if isinstance(items, list):
            kept: dict[str, Any] = {}
            for item in items:
                target = mount(item)["target"] if key == "volumes" and isinstance(item, str | dict) else ""
                kept[target or json.dumps(item, sort_keys=True, default=str)] = item
            found[key] = list(kept.values())
    return found


def environment(value: Any) -> dict[str, str | None]:
    """None: the value of the variable of the same name, from .env."""
    if isinstance(value, dict):
        return {str(name): None if text is None else _word(text) for name, text in value.items()}
    pairs = (str(item).partition("=") for item in _items(value))
    return {name: text if separator else None for name, separator, text in pairs}


def mount(item: Any) -> dict[str, Any]:
    """One entry of a service's `volumes`: `type`, `source` ("" for none), `target`, `read_only`."""
    if isinstance(item, dict):
        read_only = item.get("read_only") in (True, "true")
        source = str(item.get("source") or "")
        return {
            "type": str(item.get("type", "")),
            "source": source,
            "target": _cleaned(str(item.get("target", ""))),
            "read_only": read_only,
        }
    parts = str(item).split(":")
    if len(parts[0]) == 1 and parts[0].isalpha() and len(parts) > 1 and parts[1].startswith(("/", "\\")):
        return {"type": "volume", "source": "", "target": str(item), "read_only": False}  # a drive of Windows
    if len(parts) == 1:
        return {"type": "volume", "source": "", "target": _cleaned(parts[0]), "read_only": False}
    options = parts[2].split(",") if len(parts) > 2 else []
    kind = "bind" if parts[0].startswith(_BIND) else "volume"
    return {"type": kind, "source": parts[0], "target": _cleaned(parts[1]), "read_only": "ro" in options}


def _cleaned(target: str) -> str:
    """`/x//y/` is `/x/y`, and `/x/../y` is `/y`, as with Go's path.Clean."""
    return posixpath.normpath("/" + target.lstrip("/")) if target.startswith("/") else target


_PORT = re.compile(
    r"(?:(?P<ip>\[[^\]]*\]|[^:\[]*):)?(?:(?P<published>[^:]*):)?(?P<target>[^:/]+)(?:/(?P<protocol>\w+))?"
)


def port(item: Any) -> dict[str, str]:
    """One entry of a service's `ports`: `host_ip`, `published`, `target`, `protocol`; "" for what is not said."""
    if isinstance(item, dict):
        return {key: _word(item.get(key) or "") for key in ("host_ip", "published", "target", "protocol")}
    match = _PORT.fullmatch(str(item))
    if not match:
        return {"host_ip": "", "published": "", "target": str(item), "protocol": ""}
    ip, published = match["ip"], match["published"]
    if ip is not None and published is None:  # HOST:CONTAINER
        ip, published = "", ip
    return {
        "host_ip": (ip or "").strip("[]"),
        "published": published or "",
        "target": match["target"],
        "protocol": match["protocol"] or "",
    }


def networks(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list | dict) else ()


def env_files(value: Any) -> list[dict[str, Any]]:
    """Each with its `path` and whether it is `required`."""
    return [
        {"path": str(item.get("path", "")), "required": item.get("required", True) not in (False, "false")}
        if isinstance(item, dict)
        else {"path": str(item), "required": True}
        for item in (_items(value) if isinstance(value, list) else [value] if value is not None else [])
    ]


def sources(value: Any) -> tuple[str, ...]:
    """The top-level secrets or configs that a service takes."""
    return tuple(
        str(item.get("source", "")) if isinstance(item, dict) else str(item) for item in _items(value)
    )


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)
