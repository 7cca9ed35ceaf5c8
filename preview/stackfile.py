"""Stack files, read as the Pulumi engine reads them, but without decrypting anything."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


class StackFileError(ValueError):
    """The stack file cannot be read; the text names the file, the rule and the cure."""


@dataclass(frozen=True)
class Secret:
    """A secret value, on its way into a program or out of it."""

    value: Any


@dataclass(frozen=True)
class StackFile:
    """``config`` has the engine's keys and texts; ``secret_keys`` are those that hold an encrypted value somewhere."""

    project: str
    stack: str
    config: dict[str, str]
    secret_keys: frozenset[str]


class _UniqueKeys(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; the engine refuses them."""


def _mapping(loader: _UniqueKeys, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.MarkedYAMLError(problem=f"key {key.value!r} is there twice", problem_mark=key.start_mark)
        if isinstance(key.value, str):
            seen.add(key.value)
    loader.flatten_mapping(node)
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


_UniqueKeys.add_constructor("tag:yaml.org,2002:map", _mapping)


def load_yaml(path: Path) -> Any:
    """A YAML file's document. Raises StackFileError with file, line and cure."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
    except FileNotFoundError:
        there = sorted(p.name for p in path.parent.glob("Pulumi.*.yaml")) if path.parent.is_dir() else []
        have = f"{path.parent} has {', '.join(there)}" if there else f"{path.parent} has no stack file"
        raise StackFileError(f"{path}: no such file; {have}. Give --stack NAME or --config-file FILE.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StackFileError(f"{path}: cannot be read as text in UTF-8 ({error})") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise StackFileError(f"{path}:{line}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise StackFileError(f"{path}: not valid YAML: {str(error).splitlines()[0]}") from None


def read(root: Path, stack: str | None, config_file: Path | None, changes: Mapping[str, Any] | None = None) -> StackFile:
    """The configuration of a stack of the project at ``root``.

    ``config_file`` is called Pulumi.STACK.yaml; without it, ``stack`` (prod) names the file beside Pulumi.yaml.
    ``changes`` sets keys in the stack file's own form; a `Secret` in it gives the program a real value, marked secret.
    """
    project = load_yaml(root / "Pulumi.yaml")
    name = project.get("name") if isinstance(project, dict) else None
    if not isinstance(name, str):
        raise StackFileError(f"{root / 'Pulumi.yaml'}: `name` is the project's name")
    path = config_file or root / f"Pulumi.{stack or 'prod'}.yaml"
    match = re.fullmatch(r"Pulumi\.([A-Za-z0-9_.-]+)\.ya?ml", path.name)
    if not match:
        raise StackFileError(f"{path}: a stack file is called Pulumi.STACK.yaml")
    document = load_yaml(path)
    if not isinstance(document, dict) or not isinstance(document.get("config"), dict):
        raise StackFileError(f"{path}: a stack file has a mapping `config:`")
    config: dict[str, str] = {}
    secret_keys: set[str] = set()
    for key, value in {**document["config"], **(changes or {})}.items():
        qualified = str(key) if ":" in str(key) else f"{name}:{key}"
        plain, secret = _reveal(value, qualified.partition(":")[2])
        config[qualified] = _text(plain)
        if secret:
            secret_keys.add(qualified)
    return StackFile(project=name, stack=stack or match[1], config=config, secret_keys=frozenset(secret_keys))


def _reveal(value: Any, path: str) -> tuple[Any, bool]:
    """The value with its encrypted leaves replaced by readable names of themselves, and whether there were any."""
    if isinstance(value, Secret):
        return value.value, True
    if isinstance(value, dict):
        if set(value) == {"secure"} and isinstance(value["secure"], str):
            return f"«{path}»", True
        inner = {str(key): _reveal(item, f"{path}.{key}") for key, item in value.items()}
        return {key: item for key, (item, _) in inner.items()}, any(secret for _, secret in inner.values())
    if isinstance(value, list):
        items = [_reveal(item, f"{path}[{index}]") for index, item in enumerate(value)]
        return [item for item, _ in items], any(secret for _, secret in items)
    return value, False


def _text(value: Any) -> str:
    """Objects and lists travel as JSON, everything else as text."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
