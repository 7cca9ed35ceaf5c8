"""The machine's cloud-init: everything it runs, rendered from plain data and the texts in `cloud-init/`.

Lines that are a comment alone stay here: user data has 16 KB, and the app's files need them more.
"""

from __future__ import annotations

import ast
import base64
import functools
import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

import yaml

from ..compose.overlay import FILE as OVERLAY
from ..errors import SettingsError, finding
from ..limits import USER_DATA_BYTES
from .specification import Machine

TEMPLATES = (
    "boot",
    "drawbridge",
    "drawbridge.service",
    "drawbridge-storage.conf",
    "drawbridge-watch.service",
    "drawbridge-metrics.service",
    "drawbridge-metrics.timer",
    "52drawbridge",
    "60-drawbridge.conf",
)


BIN = "/opt/drawbridge/bin"


APP = "/opt/drawbridge/app"


ETC = "/etc/drawbridge"


UNITS = "/etc/systemd/system"


MASK = "[secret]"


# cloud-init runs its modules once an instance, and marks them as run before they have: a first boot that loses its power would
# never be taken up again. bootcmd runs at each boot, before the others, and takes the marks away until the boot script is done.
UNFINISHED = (
    f"test -e {ETC}/booted || for module in write_files runcmd scripts_user;"
    " do rm -f /var/lib/cloud/instance/sem/config_$module; done"
)


@dataclass(frozen=True, kw_only=True)
class Values:
    """What resources give a machine, resolved. `secrets` by value, or `parameters` as `name:version`; never both."""

    secrets: Mapping[str, str]
    parameters: Mapping[str, str]
    env: Mapping[str, str]
    efs_dns: str | None
    database_host: str | None
    master_secret_arn: str | None
    log_group: str | None


def render(machine: Machine, values: Values, templates: Mapping[str, str]) -> str:
    """The `#cloud-config` text. Only `/etc/drawbridge/secrets.json` holds secrets, and only with delivery `cloud-init`."""
    files = _files(machine, values, {name: without_comments(text) for name, text in templates.items()})
    document = {
        "bootcmd": [["sh", "-c", UNFINISHED]],
        "write_files": [
            {"path": path, "permissions": mode, "content": content} for path, mode, content in files
        ],
        "runcmd": [[f"{BIN}/boot"]],
    }
    return "#cloud-config\n" + yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000
    )


def masked(machine: Machine, values: Values, templates: Mapping[str, str]) -> str:
    """The same text with `[secret]` for each secret: rendered so, not found and replaced."""
    hidden = dict.fromkeys(machine.secrets, MASK) if machine.delivery == "cloud-init" else {}
    return render(machine, Values(**{**vars(values), "secrets": hidden}), templates)


def encode(text: str) -> str:
    """Gzip (the same bytes for the same text) and base64. Raises SettingsError over EC2's 16 KB, naming what takes the room."""
    packed = gzip.compress(text.encode(), compresslevel=9, mtime=0)
    # The header names the system, and Python 3.13 names another than 3.12: one byte, and a release that nobody asked for.
    packed = packed[:9] + b"\xff" + packed[10:]
    if len(packed) > USER_DATA_BYTES:
        files = yaml.safe_load(text)["write_files"]
        sizes = sorted(
            ((len(gzip.compress(f["content"].encode(), mtime=0)), f["path"]) for f in files), reverse=True
        )
        listed = ", ".join(f"{path} {size}" for size, path in sizes[:5])
        expected = f"at most {USER_DATA_BYTES} bytes of cloud-init, packed"
        fix = f"put large files into the app's image; the largest parts are {listed}"
        raise SettingsError([finding("app.files", expected, len(packed), fix)])
    return base64.b64encode(packed).decode()


@functools.cache
def without_comments(text: str) -> str:
    """The text without lines that are a comment (`#`, or `//` as apt writes them), a docstring of Python's, or blank; a first
    line `#!` stays."""
    first, newline, rest = text.partition("\n") if text.startswith("#!") else ("", "", text)
    if "python" in first:
        lines = rest.split("\n")
        for node in ast.walk(ast.parse(rest)):
            if (
                isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
                and len(node.body) > 1
                and ast.get_docstring(node)
            ):
                for number in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1):
                    lines[number - 1] = ""
        rest = "\n".join(lines)
    return first + newline + re.sub(r"^[ \t]*((#|//).*)?\n", "", rest, flags=re.MULTILINE)


def _files(machine: Machine, values: Values, templates: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(path, mode, content), every one owned by root."""
    files = [
        (f"{ETC}/machine.json", "0644", _json(_machine_json(machine, values))),
        (f"{APP}/compose.yaml", "0644", machine.compose),
        (f"{APP}/{OVERLAY}", "0644", machine.overlay),
        *((f"{APP}/{path}", _mode(content), content) for path, content in sorted(machine.files.items())),
        ("/etc/docker/daemon.json", "0644", _json(_daemon(machine, values))),
        ("/etc/apt/apt.conf.d/52drawbridge", "0644", templates["52drawbridge"]),
        ("/etc/sysctl.d/60-drawbridge.conf", "0644", templates["60-drawbridge.conf"]),
        (
            "/etc/systemd/journald.conf.d/drawbridge.conf",
            "0644",
            "[Journal]\nStorage=persistent\nSystemMaxUse=1G\n",
        ),
        (f"{UNITS}/drawbridge.service", "0644", _unit(machine, templates["drawbridge.service"])),
        (f"{UNITS}/drawbridge-watch.service", "0644", templates["drawbridge-watch.service"]),
    ]
    if machine.storage:
        files.append(
            (f"{UNITS}/drawbridge.service.d/storage.conf", "0644", templates["drawbridge-storage.conf"])
        )
    if machine.metrics:
        files += [
            (f"{UNITS}/{unit}", "0644", templates[unit])
            for unit in ("drawbridge-metrics.service", "drawbridge-metrics.timer")
        ]
    if any(registry.ecr for registry in machine.registries):
        helpers = {registry.server: "ecr-login" for registry in machine.registries if registry.ecr}
        files.append(("/root/.docker/config.json", "0600", _json({"credHelpers": helpers})))
    if machine.delivery == "cloud-init":
        files.append((f"{ETC}/secrets.json", "0600", _json(values.secrets)))
    files += [(f"{BIN}/{script}", "0755", templates[script]) for script in ("drawbridge", "boot")]
    return files


def _mode(content: str) -> str:
    """An app's file may be executed if it says what executes it. Not the checkout's mode: that differs between systems,
    and a machine would be replaced for it."""
    return "0755" if content.startswith("#!") else "0644"


def _machine_json(machine: Machine, values: Values) -> dict[str, Any]:
    """What the scripts of `cloud-init/` read from machine.json."""
    database = (
        {**machine.database, "host": values.database_host, "master_secret": values.master_secret_arn}
        if machine.database
        else None
    )
    units = ["drawbridge-watch.service", *(["drawbridge-metrics.timer"] if machine.metrics else [])]
    return {
        "name": machine.name,
        "region": machine.region,
        "env": dict(sorted({**machine.env, **values.env}.items())),
        "parameters": dict(sorted(values.parameters.items())),
        "withheld": list(machine.withheld),
        "once": list(machine.once),
        "registries": [
            r.model_dump(include={"server", "username", "password"}, exclude_none=True)
            for r in machine.registries
        ],
        "packages": _packages(machine),
        "units": units,
        "efs": values.efs_dns or "",
        "storage": list(machine.storage),
        "database": database,
        "ca_url": machine.ca_url or "",
        "log_group": values.log_group or "",
        "launch_hook": machine.launch_hook,
        "terminate_hook": machine.terminate_hook,
        "boot_seconds": machine.boot_timeout,
    }


def _packages(machine: Machine) -> list[str]:
    """From Ubuntu's own archive; nothing is piped from the network into a shell."""
    packages = [
        "ca-certificates",
        "curl",
        "docker.io",
        "docker-compose-v2|docker-compose",
        "pigz",
        "python3-boto3",
    ]
    if machine.storage:
        packages.append("nfs-common")
    if machine.database:
        packages.append("python3-psycopg2")
    if any(registry.ecr for registry in machine.registries):
        packages.append("amazon-ecr-credential-helper")
    return packages


def _daemon(machine: Machine, values: Values) -> dict[str, Any]:
    """Docker's daemon: containers outlive a daemon's restart, and their logs leave by one road."""
    options = {"tag": "{{.Name}}"}
    if machine.logs == "cloudwatch":
        # One stream a container; a log group that does not answer must not stop the app.
        options = {
            "awslogs-region": machine.region,
            "awslogs-group": values.log_group or "",
            "tag": "{{.Name}}/{{.ID}}",
            "mode": "non-blocking",
            "max-buffer-size": "4m",
        }
    return {
        "live-restore": True,
        "log-driver": "awslogs" if machine.logs == "cloudwatch" else "journald",
        "log-opts": options,
    }


def _unit(machine: Machine, template: str) -> str:
    return Template(template).substitute(
        start_seconds=machine.boot_timeout, stop_seconds=machine.stop_timeout
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a literal block, so that a diff reads line by line."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    # YAML takes these for line breaks too, and a literal block would turn them into \n.
    other_breaks = any(mark in value for mark in "\r\x85\u2028\u2029")
    style = '"' if other_breaks else "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
