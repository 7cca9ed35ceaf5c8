"""What a machine's user data says, read: the files that cloud-init writes, and the services of the compose files among them."""

from __future__ import annotations

import base64
import functools
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from model.compose import normal
from model.naming import host_of_template
from preview.analysis.exposures.versions import Versions, dicts
from preview.changes import Change
from preview.posture.compose import COMPOSE_FILE
from preview.resource_types import type_names
from preview.resources import MASK, Resource, bare

APP = "/opt/drawbridge/app/"
SPECIFICATION = "/etc/drawbridge/machine.json"
SECRETS = "/etc/drawbridge/secrets.json"
_OVERLAY = re.compile(r"/(overlay|[^/]*\.override)\.ya?ml$")
_VARIABLE = re.compile(r"\$\{?(\w+)(?::?[-?+]([^}]*))?\}?")


@dataclass(frozen=True, kw_only=True)
class File:
    """``mode`` is octal text as cloud-init has it; ``owner`` is `user:group`."""

    path: str
    mode: str
    owner: str
    content: str


@dataclass(frozen=True, kw_only=True)
class Machine:
    """``document`` is the cloud-config; its secrets are in it, so nothing of it is quoted without care."""

    document: Mapping[str, Any]
    files: Mapping[str, File]
    services: Mapping[str, Mapping[str, Any]]
    volumes: Mapping[str, Any]

    @functools.cached_property
    def specification(self) -> dict[str, Any]:
        """What the program tells the machine's scripts."""
        try:
            found = json.loads(self.files[SPECIFICATION].content)
        except (KeyError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


EMPTY = Machine(document={}, files={}, services={}, volumes={})


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The machines of one template in both versions. ``readable``: could the later one be read?"""

    name: str
    before: Machine
    after: Machine
    readable: bool


def machines(versions: Versions) -> list[Pair]:
    """The machines whose user data differs."""
    found = []
    for change in versions.changes:
        if change.type in (type_names.LAUNCH_TEMPLATE, type_names.INSTANCE) and change.after is not None:
            pair = _pair(change, change.after, versions)
            if pair:
                found.append(pair)
    return found


def _pair(change: Change, new: Resource, versions: Versions) -> Pair | None:
    texts = [
        _text(resource, lookup.evaluation.user_data) if resource else ""
        for resource, lookup in ((change.before, versions.before), (new, versions.after))
    ]
    if texts[0] == texts[1]:
        return None
    before, after = (read(text) for text in texts)
    readable = after is not None or not texts[1]
    return Pair(name=change.name, before=before or EMPTY, after=after or EMPTY, readable=readable)


def _text(resource: Resource, user_data: Mapping[str, str]) -> str:
    value = bare(resource.raw.get("userData") or resource.raw.get("userDataBase64"))
    if not isinstance(value, str) or value == MASK:
        return user_data.get(host_of_template(resource.name), "")
    return plain(value)


def plain(value: str) -> str:
    """User data as text: itself, base64, or gzip in base64."""
    if value.startswith("#"):
        return value
    try:
        data = base64.b64decode(value, validate=True)
        return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    except (ValueError, OSError, EOFError, zlib.error):
        return value


@functools.lru_cache(maxsize=8)
def read(text: str) -> Machine | None:
    """None for what is no cloud-config."""
    if not text.startswith("#cloud-config"):
        return None
    try:
        document = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, UnicodeEncodeError):
        return None
    if not isinstance(document, dict):
        return None
    files = {
        str(item.get("path")): File(
            path=str(item.get("path")),
            mode=str(item.get("permissions", "0644")),
            owner=str(item.get("owner", "root:root")),
            content=str(item.get("content", "")),
        )
        for item in dicts(document.get("write_files"))
    }
    services, volumes = _composed(files)
    return Machine(document=document, files=files, services=services, volumes=volumes)


# Compose files ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Instead:
    """`!override VALUE` and `!reset`: what stands here takes the place of what the file below says."""

    value: Any


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Keeps `!reset` and `!override`, which say how files are merged."""


def _instead(loader: Any, suffix: str, node: Any) -> Any:
    if suffix == "reset":
        return _Instead(None)
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)
    return _Instead(value) if suffix == "override" else value


_Loader.add_multi_constructor("!", _instead)


def _composed(files: Mapping[str, File]) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The services and the volumes of all compose files, a later file over an earlier one, variables filled in."""
    try:
        variables = json.loads(files[SPECIFICATION].content).get("env", {}) if SPECIFICATION in files else {}
    except (ValueError, AttributeError):
        variables = {}
    services: dict[str, dict[str, Any]] = {}
    volumes: dict[str, Any] = {}
    # What is merged over the app's own file comes after it.
    for path in sorted(
        filter(COMPOSE_FILE.search, files), key=lambda path: (bool(_OVERLAY.search(path)), path)
    ):
        try:
            document = yaml.load(files[path].content, Loader=_Loader)
        except (yaml.YAMLError, UnicodeEncodeError):
            continue
        if not isinstance(document, dict):
            continue
        for name, body in (document.get("services") or {}).items():
            if isinstance(body, dict):
                services[str(name)] = _merged(services.get(str(name), {}), _filled(body, variables))
        if isinstance(document.get("volumes"), dict):
            volumes = _merged(volumes, _filled(document["volumes"], variables))
    return services, volumes


def mounts(service: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A service's `volumes` in one form: `model.compose.normal.mount`."""
    given = service.get("volumes")
    return [normal.mount(item) for item in given] if isinstance(given, list) else []


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    """A service's variables by name, however Compose lets them be written; "" where the value is another variable's."""
    return {name: value or "" for name, value in normal.environment(service.get("environment")).items()}


def _merged(below: Any, above: Any) -> Any:
    """As Compose merges: mappings by key, lists one after the other, anything else from above."""
    if isinstance(above, _Instead):
        return above.value
    if isinstance(below, dict) and isinstance(above, dict):
        return {
            key: _merged(below.get(key), above[key]) if key in above else below[key]
            for key in {**below, **above}
        }
    if isinstance(above, dict):
        return {key: _merged(None, item) for key, item in above.items()}
    if isinstance(below, list) and isinstance(above, list):
        return below + above
    if isinstance(below, list) and isinstance(above, dict):
        return {**{str(item): None for item in below}, **above}
    return above


def _filled(value: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(value, _Instead):
        return _Instead(_filled(value.value, variables))
    if isinstance(value, dict):
        return {key: _filled(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, variables) for item in value]
    if isinstance(value, str) and "$" in value:
        return _VARIABLE.sub(lambda m: str(variables.get(m[1]) or m[2] or m[0]), value)
    return value
