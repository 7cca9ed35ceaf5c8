"""The golden files' text: one file per stack and component, one per machine's cloud-init, one per stack's outputs.

All inputs of a resource are shown, and every option that is not the SDK's default. Left out is what a dependency's update alone
would change (`version`, `pluginDownloadURL`) and what the inputs say already: `dependsOn` lists what the program asks for, not what
follows from the inputs' placeholders. A secret reads `[secret]`; where it is an output as it is, or a value that a test gave, it
says which, and where it is made of several, what it is made of stands in `secretsMadeOf`.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import gzip
import json
import re
from pathlib import Path
from typing import Any

import yaml

from preview.evaluate.program import evaluate
from preview.resources import MASK, Evaluation, Resource, Secret

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).resolve().parent
# Each stack's folder here, and its stack file. The example of all settings holds what no app of ours asks for.
STACKS = {
    **{path.parent.name: path for path in sorted(ROOT.glob("examples/*/Pulumi.prod.yaml"))},
    "every-setting": ROOT / "docs/Pulumi.example.yaml",
}
# Files of a machine that are the same on all of them, and would be the same change six times over.
SHARED = "every-machine"
LEFT_OUT = ("custom", "propertyDependencies", "version", "pluginDownloadURL")
PLACEHOLDER = re.compile(r"«[^«»]+»|canary-[a-z_]+")


@functools.cache
def files() -> dict[str, str]:
    """Every golden file's text by its path below `tests/golden/`."""
    made: dict[str, str] = {}
    for stack, file in STACKS.items():
        made |= {f"{stack}/{name}": text for name, text in _of_stack(evaluated(file)).items()}
    shared: dict[str, str] = {}
    for program in map(evaluated, STACKS.values()):
        for text in program.user_data.values():
            shared |= {Path(f["path"]).name: f["content"] for f in _written(text) if _is_shared(f["path"])}
    return made | {f"{SHARED}/{name}": text for name, text in shared.items()}


def on_disk() -> dict[str, str]:
    return {
        str(path.relative_to(GOLDEN)): path.read_text(encoding="utf-8")
        for stack in (*STACKS, SHARED)
        for path in sorted((GOLDEN / stack).rglob("*"))
        if path.is_file()
    }


@functools.cache
def evaluated(file: Path) -> Evaluation:
    """The stack with a value of its own for each secret that the file asks for."""
    config = yaml.safe_load(file.read_text())["config"]
    providers = config.get("drawbridge:identityProviders", {}).values()
    names = [
        *config["drawbridge:app"].get("secrets", []),
        *(provider["clientSecret"] for provider in providers if "clientSecret" in provider),
    ]
    given = Secret({name: f"canary-{name.lower()}" for name in sorted(set(names))})
    return evaluate(ROOT, config_file=file, config={"drawbridge:secrets": given})


def _of_stack(program: Evaluation) -> dict[str, str]:
    prefix = f"{program.project}-{program.stack}-"
    known = {resource.urn: resource for resource in program.resources}
    user_data = {f"{n.removeprefix(prefix)}.user-data.yaml": text for n, text in program.user_data.items()}
    by_component: dict[str, dict[str, Any]] = {}
    for resource in program.resources:
        top = resource
        while top.parent in known:
            top = known[top.parent]
        entries = by_component.setdefault(f"{top.name.removeprefix(prefix)}.yaml", {})
        entries[_called(resource)] = _entry(resource, top, known, user_data)
    made = {name: _yaml(entries) for name, entries in by_component.items()}
    made |= {name: _yaml(_cloud_init(text)) for name, text in user_data.items()}
    return made | {"outputs.yaml": _yaml(_shown(program.raw_outputs))}


def _called(resource: Resource) -> str:
    return f"{resource.type} {resource.name}"


def _entry(
    resource: Resource, top: Resource, known: dict[str, Resource], user_data: dict[str, str]
) -> dict[str, Any]:
    def called(urn: str) -> str:
        return _called(known[urn]) if urn in known else urn

    options = {name: value for name, value in resource.options.items() if value and name not in LEFT_OUT}
    from_inputs = {urn for urns in resource.options["propertyDependencies"].values() for urn in urns}
    asked = [called(urn) for urn in options.pop("dependsOn", []) if urn not in from_inputs]
    if "aliases" in options:
        options["aliases"] = [_alias(alias) for alias in options["aliases"]]
    inputs = {name: _shown(value) for name, value in resource.raw.items()}
    if "userData" in inputs:
        inputs["userData"] = _packed(resource.raw["userData"], user_data)
    made_of = {
        name: [called(urn) for urn in resource.options["propertyDependencies"].get(name, [])]
        for name, value in inputs.items()
        if MASK in _leaves(value)
    }
    entry: dict[str, Any] = {}
    if resource is not top and resource.parent != top.urn:
        entry["parent"] = called(resource.parent)
    return entry | {
        key: value
        for key, value in {
            "inputs": inputs,
            "secretsMadeOf": made_of,
            "dependsOn": sorted(asked),
            "options": options,
        }.items()
        if value
    }


def _packed(value: Any, user_data: dict[str, str]) -> str:
    """A template's user data: the golden file that holds its text, or the text itself where no machine's is the same."""
    packed = value.value if isinstance(value, Secret) else value
    text = gzip.decompress(base64.b64decode(packed)).decode()
    if isinstance(value, Secret):
        return f"{MASK} gzip of {' or '.join(user_data)}, with the secrets' values"
    return next((f"gzip of {name}" for name, known in user_data.items() if known == text), text)


def _alias(alias: dict[str, Any]) -> Any:
    return {key: value for key, value in alias["spec"].items() if value} if "spec" in alias else alias


def _shown(value: Any) -> Any:
    """The value with its secrets masked, and JSON documents as what they hold."""
    if isinstance(value, Secret):
        inner = value.value
        whole = isinstance(inner, str) and PLACEHOLDER.fullmatch(inner)
        return f"{MASK} {inner}" if whole else MASK
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, str) and value.startswith("{"):
        with contextlib.suppress(json.JSONDecodeError):
            return _Json(json.loads(value))
    return value


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, list) else [value]


def _written(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load(text)["write_files"])


def _is_shared(path: str) -> bool:
    return path.startswith("/opt/drawbridge/bin/")


def _cloud_init(text: str) -> dict[str, Any]:
    """The cloud-config, with the files' own texts where they are not the repository's."""
    config: dict[str, Any] = yaml.safe_load(text)
    ours = {path.read_text(): path.relative_to(ROOT) for path in _texts()}
    for file in config["write_files"]:
        if _is_shared(file["path"]):
            file["content"] = f"the text of {SHARED}/{Path(file['path']).name}"
        elif file["content"] in ours:
            file["content"] = f"the text of {ours[file['content']]}"
    return config


@functools.cache
def _texts() -> tuple[Path, ...]:
    """The texts of ours that a stack file may put on a machine as they are."""
    candidates = [
        *ROOT.glob("examples/*/*"),
        *ROOT.glob("examples/*/*/*"),
        ROOT / "docs/compose.example.yaml",
    ]
    return tuple(path for path in sorted(candidates) if path.is_file() and path.suffix != ".pyc")


class _Json(dict[str, Any]):
    """A document that the input holds as JSON text."""


class _Dumper(yaml.SafeDumper):
    """Block style, texts of several lines as such, and no line that is broken or referred to by another."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Json, lambda dumper, value: dumper.represent_mapping("!json", value))


def _yaml(value: Any) -> str:
    blocks = [value] if not isinstance(value, dict) else [{key: item} for key, item in value.items()]
    return "\n".join(
        yaml.dump(block, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
        for block in blocks
    )
