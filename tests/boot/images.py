"""Images for an example's compose file, made here: real nginx and redis, stand-ins for the apps, served as a registry would."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from model.compose.interpolation import interpolate

from . import roots

STANDINS = roots.HERE / "standins"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass
class Registry:
    """Manifests by `host/name:tag`, blobs by digest."""

    manifests: dict[str, bytes]
    blobs: dict[str, bytes | Path]


def full_name(image: str) -> tuple[str, str, str]:
    """(host, repository, tag) as Docker reads a reference."""
    name, _, tag = image.partition("@")[0].rpartition(":")
    if not name or "/" in tag:
        name, tag = image, "latest"
    host, _, rest = name.partition("/")
    if not rest or not ("." in host or ":" in host):
        return "registry-1.docker.io", name if "/" in name else f"library/{name}", tag
    return host, rest, tag


def base_layer() -> tuple[Path, str, int]:
    """The layer that all images share: (its file, its digest, its size)."""
    root = roots.apps()

    def make(folder: Path) -> None:
        layer = folder / "layer.tar"
        roots.run(
            "tar",
            "--create",
            "--file",
            str(layer),
            "--directory",
            str(root),
            "--sort=name",
            "--mtime=@0",
            ".",
        )
        (folder / "digest").write_text(_digest_of(layer))

    place = roots.cached("layer", f"{root}", make)
    layer = place / "layer.tar"
    return layer, (place / "digest").read_text(), layer.stat().st_size


def _digest_of(path: Path) -> str:
    with open(path, "rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def small_layer(programs: set[str], once: set[str]) -> bytes:
    """The stand-ins, and a program of the stand-in's for each name that the compose file runs and the base has not; `once` are
    those that end."""
    memory = io.BytesIO()
    with tarfile.open(fileobj=memory, mode="w") as tar:

        def add(name: str, data: bytes, mode: int = 0o755) -> None:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))

        service = (STANDINS / "service.py").read_bytes()
        add("standin/service.py", service)
        for program in sorted(programs):
            path = program if program.startswith("/") else f"usr/local/bin/{program}"
            add(
                path.lstrip("/"),
                b"#!/bin/sh\nSTANDIN_ONCE=1 exec /standin/service.py\n" if program in once else service,
            )
        add("usr/local/bin/cloudflared", (STANDINS / "cloudflared").read_bytes())
    return memory.getvalue()


def registry(
    compose_text: str, overlay_text: str, env: Mapping[str, str], files: Mapping[str, str]
) -> Registry:
    """Everything that the stack's `docker compose pull` asks for."""
    document = yaml.safe_load(compose_text)
    services: dict[str, Any] = {
        **document["services"],
        "cloudflared": yaml.safe_load(overlay_text)["services"]["cloudflared"],
    }
    base, base_digest, base_size = base_layer()
    here = Registry({}, {base_digest: base})
    everything = compose_text + "".join(files.values())
    once = {
        name
        for body in services.values()
        if isinstance(body.get("depends_on"), dict)
        for name, how in body["depends_on"].items()
        if how.get("condition") == "service_completed_successfully"
    }
    by_image: dict[str, list[str]] = {}
    for name, body in services.items():
        by_image.setdefault(interpolate(body["image"], env), []).append(name)
    for image, names in by_image.items():
        bodies = [services[name] for name in names]
        # One image may serve two services (an app and its migration): the app's ports win, the environment tells them apart.
        ports = sorted(
            {port for name in names if name not in once for port in _ports(name, services[name], everything)}
        )
        programs = {word for body in bodies for word in _programs(body)}
        layer = small_layer(
            programs, {word for name in names if name in once for word in _programs(services[name])}
        )
        config = _config(
            image, names, ports, bodies, all(name in once for name in names), base_digest, _sha(layer)
        )
        blob = json.dumps(config).encode()
        here.blobs |= {_sha(layer): layer, _sha(blob): blob}
        tar = "application/vnd.docker.image.rootfs.diff.tar"
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": len(blob),
                "digest": _sha(blob),
            },
            "layers": [
                {"mediaType": tar, "size": base_size, "digest": base_digest},
                {"mediaType": tar, "size": len(layer), "digest": _sha(layer)},
            ],
        }
        host, repository, tag = full_name(image)
        here.manifests[f"{host}/{repository}:{tag}"] = json.dumps(manifest).encode()
    return here


def _sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _ports(name: str, body: Mapping[str, Any], everything: str) -> list[int]:
    """A service's ports, from its healthcheck, from `PORT`, and from whoever calls it by name."""
    own = json.dumps(body.get("healthcheck", {})) + json.dumps(body.get("command", ""))
    found = re.findall(r"(?:127\.0\.0\.1|localhost|0\.0\.0\.0):(\d+)", own) + re.findall(
        rf"//{re.escape(name)}:(\d+)", everything
    )
    environment = body.get("environment") or {}
    if isinstance(environment, dict) and str(environment.get("PORT", "")).isdigit():
        found.append(str(environment["PORT"]))
    found += [str(port).split(":")[-1].split("/")[0] for port in body.get("expose", [])]
    return sorted({int(port) for port in found})


BASE_PROGRAMS = frozenset(
    [
        "sh",
        "wget",
        "python",
        "python3",
        "redis-cli",
        "redis-server",
        "nginx",
        "grep",
        "test",
        "true",
        "bash",
        "cloudflared",
        "psql",
    ]
)


def _programs(body: Mapping[str, Any]) -> set[str]:
    """The programs that a service's command, entrypoint and healthcheck start and the base layer lacks."""
    words: set[str] = set()
    for value in (body.get("command"), body.get("entrypoint"), (body.get("healthcheck") or {}).get("test")):
        if isinstance(value, str):
            value = ["CMD-SHELL", value]
        if not value:
            continue
        line = [str(word) for word in value]
        if line[0] == "CMD":
            line = line[1:]
        if line[0] in ("CMD-SHELL", "sh", "bash", "/bin/sh"):
            parts = [part.split() for part in re.split(r"&&|\|\||[;|]", line[-1])]
            words |= {part[1] if part[0] == "exec" else part[0] for part in parts if part}
        elif line:
            words.add(line[0])
    plain = {word for word in words if re.fullmatch(r"[\w./+-]+", word)}
    return plain - BASE_PROGRAMS - {"exec", "set", "cd", "exit", "NONE"}


def _config(
    image: str, names: list[str], ports: list[int], bodies: list[Any], once: bool, base: str, layer: str
) -> dict[str, Any]:
    env = [f"PATH={PATH}", "STANDIN_PORTS=" + " ".join(map(str, ports))]
    config: dict[str, Any] = {"Env": env, "WorkingDir": "/app", "Cmd": ["/standin/service.py"]}
    if names == ["cloudflared"]:
        # As in cloudflared's own image.
        config = {
            "Env": env[:1],
            "Entrypoint": ["cloudflared", "--no-autoupdate"],
            "User": "65532:65532",
            "WorkingDir": "/",
        }
    elif "/nginx:" in f"/{image}":
        config = {
            "Env": env[:1],
            "Cmd": ["nginx", "-g", "daemon off;"],
            "StopSignal": "SIGQUIT",
            "WorkingDir": "/",
        }
    elif "/redis:" in f"/{image}":
        config = {"Env": env[:1], "Cmd": ["redis-server"], "WorkingDir": "/"}
    if once:
        config["Env"].append("STANDIN_ONCE=1")
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [base, layer]},
    }
