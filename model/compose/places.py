"""Every place that the services of a compose file write to, and what it is: a volume, a folder of the machine, memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from .file import Compose, Service

Kind = Literal["volume", "anonymous", "machine", "text", "memory"]
"""`volume`: a named one. `anonymous`: one that Docker names, and that goes with its container. `machine`: a folder or file of the
machine's own. `text`: of the compose file's folder, where `app.files` are. `memory`: tmpfs."""

_OF_THE_SYSTEM = ("/dev", "/proc", "/run", "/sys", "/var/run", "/tmp/.X11-unix")


@dataclass(frozen=True, kw_only=True)
class Place:
    """``target`` is the path in the container, ``source`` the volume's name or the machine's path."""

    service: str
    kind: Kind
    source: str
    target: str
    read_only: bool

    @property
    def name(self) -> str:
        """What a stack file calls it in `app.scratch`."""
        return self.source if self.kind == "volume" else f"{self.service}:{self.target}"


def places(compose: Compose) -> Iterator[Place]:
    """Of the services that run. Read-only ones too; sockets and devices of the system are none."""
    for name, service in compose.running.items():
        yield from of_service(name, service)


def of_service(name: str, service: Service) -> Iterator[Place]:
    for mount in service.mounts:
        kind = _kind(mount)
        if kind:
            yield Place(
                service=name,
                kind=kind,
                source=mount["source"],
                target=mount["target"].rstrip("/") or "/",
                read_only=mount["read_only"],
            )
    tmpfs = service.body.get("tmpfs") or ()
    for item in [tmpfs] if isinstance(tmpfs, str) else tmpfs:
        target = str(item).partition(":")[0].rstrip("/") or "/"
        yield Place(service=name, kind="memory", source="", target=target, read_only=False)


def _kind(mount: dict[str, Any] | Any) -> Kind | None:
    if mount["type"] == "tmpfs":
        return "memory"
    if mount["type"] == "volume":
        return "volume" if mount["source"] else "anonymous"
    if mount["type"] != "bind":
        return None
    source = mount["source"]
    if not source.startswith("/"):
        return "text"
    below = any(source == folder or source.startswith(f"{folder}/") for folder in _OF_THE_SYSTEM)
    return None if below or source.endswith(".sock") else "machine"


def covers(folder: str, place: str) -> bool:
    """Whether what is written to ``place`` lies in ``folder``."""
    return folder == "/" or place == folder or place.startswith(f"{folder}/")
