"""Stack files, read as the Pulumi engine reads them, but without decrypting anything."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model import go_yaml
from preview.evaluate import project as project_file
from preview.evaluate import spelling
from preview.evaluate.places import lines_of
from preview.evaluate.yaml_file import StackFileError as StackFileError
from preview.evaluate.yaml_file import compose_yaml, construct_yaml, place_of, shown
from preview.resources import Secret


@dataclass(frozen=True)
class StackFile:
    """``config`` has the engine's keys and texts; ``secret_keys`` are those that hold an encrypted value somewhere."""

    project: str
    stack: str
    config: dict[str, str]
    secret_keys: frozenset[str]
    project_file: dict[str, Any] = field(default_factory=dict)
    """What Pulumi.yaml says besides its name, its texts about itself, and `config`, which stands in ``config``."""
    stack_file: dict[str, Any] = field(default_factory=dict)
    """What the stack file says besides `config` and how its secrets are encrypted: environments, for one."""
    called: str = ""
    """The stack file as errors name it; "" where the settings were not read from one."""
    path: Path | None = None
    changed: frozenset[str] = frozenset()
    """Keys whose values are not those of the file."""
    respelled: tuple[str, ...] = ()
    """An error for each value of the file that the engine passes on in another spelling: see `spelling`."""

    def refuse_respelled(self) -> None:
        """Raises StackFileError for values that would reach the program in another spelling."""
        if self.respelled:
            raise StackFileError("\n".join(self.respelled))

    def lines(self) -> dict[str, int]:
        """The line of each setting that comes from the file."""
        found = lines_of(self.path) if self.path else {}
        strange = tuple(key.rpartition(":")[2] for key in self.changed)
        return {path: line for path, line in found.items() if not path.startswith(strange)}


_PROJECT_TEXT = (
    "name",
    "description",
    "author",
    "website",
    "license",
    "config",
    "stackConfigDir",
    "template",
)
_STACK_KEYS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider")


def read(
    root: Path, stack: str | None, config_file: Path | None, changes: Mapping[str, Any] | None = None
) -> StackFile:
    """The configuration of a stack of the project at ``root``.

    ``config_file`` is called Pulumi.STACK.yaml; without it, ``stack`` (prod) names the file beside Pulumi.yaml or in its
    `stackConfigDir`. What Pulumi.yaml gives all stacks holds where the stack file says nothing of it.
    ``changes`` sets keys in the stack file's own form; a `Secret` in it gives the program a real value, marked secret.
    """
    project = project_file.read_project(root)
    name = str(project["name"])
    path = project_file.stack_file(root, stack, config_file)
    called = shown(path, root)
    match = re.fullmatch(r"Pulumi\.([A-Za-z0-9_.-]+)\.ya?ml", path.name)
    if not match:
        raise StackFileError(f"{called}: expected a stack file's name, Pulumi.STACK.yaml; rename the file")
    node = compose_yaml(path, root)
    respelled = spelling.respelled(node, called)
    document = construct_yaml(node, path, root)
    if not isinstance(document, dict) or not isinstance(document.get("config"), dict):
        raise StackFileError(
            f"{called}:1: expected a mapping `config:`, found {_shape(document)}; write `config:` and, indented below it, keys "
            "such as `aws:region` and `drawbridge:app`"
        )
    given = {
        _qualified(root / project_file.FILE, root, key, name): value
        for key, value in project_file.config_of(project).items()
    }
    given |= _own(path, root, document["config"], name)
    given |= {_qualified(path, root, key, name): value for key, value in (changes or {}).items()}
    config: dict[str, str] = {}
    secret_keys: set[str] = set()
    for key, value in given.items():
        plain, secret = _reveal(value, key.partition(":")[2])
        config[key] = _text(plain)
        if secret:
            secret_keys.add(key)
    project_keys = {key: value for key, value in project.items() if key not in _PROJECT_TEXT}
    stack_keys = {key: value for key, value in document.items() if key not in _STACK_KEYS}
    return StackFile(
        project=name,
        stack=stack or match[1],
        config=config,
        secret_keys=frozenset(secret_keys),
        project_file=project_keys,
        stack_file=stack_keys,
        called=called,
        path=path,
        changed=frozenset(changes or {}),
        respelled=respelled,
    )


def _own(file: Path, root: Path, config: Mapping[str, Any], project: str) -> dict[str, Any]:
    """The stack file's own values by their whole keys; the engine would keep one of two spellings without a word."""
    spelled: dict[str, str] = {}
    for key in config:
        whole = _qualified(file, root, key, project)
        if whole in spelled:
            raise StackFileError(
                f"{place_of(file, root, key)}: this key is there twice, as {spelled[whole]} too; keep one of them"
            )
        spelled[whole] = key
    return {whole: config[key] for whole, key in spelled.items()}


def _qualified(file: Path, root: Path, key: str, project: str) -> str:
    """NAMESPACE:KEY; a bare key is the project's, and the older NAMESPACE:config:KEY is still read."""
    parts = key.split(":")
    if len(parts) == 3 and parts[1] == "config":
        parts = [parts[0], parts[2]]
    if len(parts) > 2:
        raise StackFileError(f"{place_of(file, root, key)}: expected a key NAMESPACE:KEY; remove a colon")
    return ":".join(parts) if len(parts) == 2 else f"{project}:{key}"


def _shape(document: Any) -> str:
    """What is there where `config:` and its keys should be."""
    if isinstance(document, dict) and "config" in document:
        document = document["config"]
    elif isinstance(document, dict):
        return "other keys alone"
    return {type(None): "nothing", list: "a list"}.get(type(document), "a single value")


def _reveal(value: Any, path: str) -> tuple[Any, bool]:
    """The value with its encrypted leaves replaced by readable names of themselves, and whether there were any."""
    if isinstance(value, Secret):
        return value.value, True
    if isinstance(value, dict):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            # Another value is another ciphertext: without the key, a comparison sees that much and no more.
            return f"«{path}·{hashlib.sha256(value['secure'].encode()).hexdigest()[:8]}»", True
        inner = {go_yaml.text(key): _reveal(item, f"{path}.{key}") for key, item in value.items()}
        return {key: item for key, (item, _) in inner.items()}, any(secret for _, secret in inner.values())
    if isinstance(value, list):
        items = [_reveal(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return [item for item, _ in items], any(secret for _, secret in items)
    return value, False


def _text(value: Any) -> str:
    """Objects and lists travel as JSON, their keys sorted as the engine does; everything else as text."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return go_yaml.text(value)
