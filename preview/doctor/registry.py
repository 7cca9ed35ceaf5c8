"""Image registries: can an image be pulled? As the OCI Distribution Specification and Docker's tokens say."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import dataclass
from typing import Any, Literal

from preview.doctor.answers import Unasked
from preview.doctor.http import Reply, ask

HUB = "https://registry-1.docker.io"
_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
ACCEPT = ", ".join(
    (
        *_INDEXES,
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Reference:
    """``registry`` is `docker.io` where an image names none; ``reference`` a tag or a digest."""

    registry: str
    repository: str
    reference: str


def reference(image: str) -> Reference:
    """What an image's name means, as Docker reads it."""
    name, at, digest = image.partition("@")
    first, slash, rest = name.partition("/")
    named = bool(slash) and ("." in first or ":" in first or first == "localhost")
    registry, path = (first, rest) if named else ("docker.io", name)
    registry = "docker.io" if registry in ("index.docker.io", "registry-1.docker.io") else registry
    head, colon, tag = path.rpartition(":")
    path, tag = (head, tag) if colon and "/" not in tag else (path, "latest")
    if registry == "docker.io" and "/" not in path:
        path = f"library/{path}"
    return Reference(registry, path, digest if at else tag)


@dataclass(frozen=True)
class Found:
    """``platforms``: `linux/amd64`…, empty where the registry names none. ``limit``: pulls and seconds, where it tells."""

    status: Literal["there", "missing", "denied", "limited"]
    platforms: frozenset[str] = frozenset()
    limit: tuple[int, int] | None = None
    remaining: int | None = None


class Registry:
    """Asks without an account, as a new machine does. ``hub``: Docker Hub's address, another for a double."""

    def __init__(self, hub: str = HUB) -> None:
        self._hub = hub.rstrip("/")

    def find(self, image: str) -> Found:
        """Raises Unasked where the registry cannot be reached, or answers something that it should not."""
        asked = reference(image)
        local = asked.registry.startswith(("127.0.0.1:", "localhost:"))
        base = (
            self._hub
            if asked.registry == "docker.io"
            else f"{'http' if local else 'https'}://{asked.registry}"
        )
        address = f"{base}/v2/{asked.repository}/manifests/{asked.reference}"
        headers = {"Accept": ACCEPT}
        reply = ask(address, headers, "HEAD")  # which Docker Hub does not count as a pull
        if reply.status == 401 and (token := _token(reply, asked.repository)):
            headers["Authorization"] = f"Bearer {token}"
            reply = ask(address, headers, "HEAD")
        limit, remaining = _limit(reply)
        if reply.status == 429:
            return Found("limited", limit=limit, remaining=remaining)
        if reply.status == 404:
            return Found("missing")
        if reply.status in (401, 403):
            return Found("denied")
        if reply.status != 200:
            raise Unasked(f"{asked.registry}: HTTP {reply.status} for {image}")
        # The index alone is read: it names the platforms, and a manifest without one would have to be pulled to know.
        kind = reply.headers.get("content-type", "").partition(";")[0]
        document = ask(address, headers).json() if kind in _INDEXES else None
        return Found("there", _platforms(document), limit, remaining)


def _platforms(document: Any) -> frozenset[str]:
    listed = document.get("manifests") if isinstance(document, dict) else None
    found = [one.get("platform") or {} for one in listed or () if isinstance(one, dict)]
    return frozenset(
        f"{one['os']}/{one['architecture']}"
        for one in found
        if one.get("os") and one.get("architecture") and one["os"] != "unknown"
    )


def _token(reply: Reply, repository: str) -> str | None:
    """An anonymous token of the registry's own token service; None where it gives none."""
    challenge = reply.headers.get("www-authenticate", "")
    values = dict(_CHALLENGE.findall(challenge))
    if not challenge.lower().startswith("bearer ") or "realm" not in values:
        return None
    query = {"scope": values.get("scope") or f"repository:{repository}:pull"}
    if "service" in values:
        query["service"] = values["service"]
    document = ask(f"{values['realm']}?{urllib.parse.urlencode(query)}").json()
    token = (document.get("token") or document.get("access_token")) if isinstance(document, dict) else None
    return str(token) if token else None


def _limit(reply: Reply) -> tuple[tuple[int, int] | None, int | None]:
    """Docker Hub's `ratelimit-limit: 100;w=21600` and `ratelimit-remaining`."""
    limit = re.fullmatch(r"(\d+);w=(\d+)", reply.headers.get("ratelimit-limit", ""))
    remaining = re.match(r"\d+", reply.headers.get("ratelimit-remaining", ""))
    return (int(limit[1]), int(limit[2])) if limit else None, int(remaining[0]) if remaining else None
