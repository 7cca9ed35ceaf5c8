"""Configuration: the stack file as Pulumi hands it over, made into a checked stack and its secrets' values."""

from __future__ import annotations

import contextlib
import json
import posixpath
from collections.abc import Callable
from typing import Any

import pulumi
import yaml

from model import go_yaml, lines
from model import load as model
from model.checks.namespaces import NAMESPACE
from model.errors import SettingsError
from model.printable import printable
from model.stack import Stack


def load(read: Callable[[str], str]) -> tuple[Stack, dict[str, pulumi.Output[str]]]:
    """The stack, and the values of the secrets that its file sets. Warnings are logged.

    Raises pulumi.RunError, which the engine prints without a traceback, with every finding at once.
    """
    config, encrypted, others = _everything()
    given = config.pop("secrets", {})
    mapping = isinstance(given, dict)
    try:
        loaded = model.load(
            config,
            project=pulumi.get_project(),
            stack=pulumi.get_stack(),
            region=pulumi.Config("aws").get("region"),
            read=read,
            secrets={str(name): _size(value) for name, value in given.items()} if mapping else None,
            plain_secrets="secrets" not in encrypted,
            encrypted_sections=encrypted - {"secrets"},
            others=others,
            previewing=pulumi.runtime.is_dry_run(),
        )
    except SettingsError as error:
        raise pulumi.RunError(str(_placed(error, config, read))) from error
    for warning in loaded.warnings:
        pulumi.log.warn(printable(warning))
    values = {
        name: pulumi.Output.secret(str(value)) for name, value in given.items() if value not in (None, "")
    }
    # Only previews come this far without a value, and they show that it is missing.
    values |= {name: pulumi.Output.secret(f"«secrets.{name} is not set»") for name in loaded.missing_secrets}
    return loaded, values


def _placed(error: SettingsError, config: dict[str, Any], read: Callable[[str], str]) -> SettingsError:
    """With the stack file's name and lines, as far as it can be read: a file that the CLI was given by --config-file cannot."""
    folder, file = ".", f"Pulumi.{pulumi.get_stack()}.yaml"
    with contextlib.suppress(OSError, ValueError, yaml.YAMLError):
        document = yaml.load(read("Pulumi.yaml"), Loader=go_yaml.Loader)
        folder = document.get("stackConfigDir") or "." if isinstance(document, dict) else "."
    file = posixpath.normpath(posixpath.join(str(folder), file))
    try:
        known = lines.of_settings(read(file), config)
    except (OSError, ValueError):
        known = {}
    return error.placed(file, known)


def _size(value: Any) -> int:
    return 0 if value is None else len(str(value).encode())


def _everything() -> tuple[dict[str, Any], set[str], dict[str, str]]:
    """All keys of our namespace, known or not, which of them hold encrypted values, and the keys of other namespaces."""
    raw = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    config: dict[str, Any] = {}
    encrypted: set[str] = set()
    others: dict[str, str] = {}
    secret_keys = set(pulumi.runtime.config.get_config_secret_keys_env())
    for key, value in raw.items():
        namespace, _, section = key.partition(":")
        if namespace != NAMESPACE:
            others[key] = value
            continue
        config[section] = _value(value)
        if key in secret_keys or pulumi.runtime.is_config_secret(key):
            encrypted.add(section)
    return config, encrypted, others


def _value(text: str) -> Any:
    """Objects and lists come as JSON, everything else as the text it was."""
    if text[:1] in "{[":
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text
