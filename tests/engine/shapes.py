"""What a resource type takes and gives, read from the text of the installed SDKs.

The stand-in speaks for many types and must know each one's inputs and outputs. Importing `pulumi_cloudflare` costs
seconds; reading the one file that a type lives in costs a millisecond, and knows as much.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# `@pulumi.getter(name="latestVersion")\n def latest_version(self) -> pulumi.Output[_builtins.int]:`
_GETTER = re.compile(r"@pulumi\.getter(?:\(name=\"(\w+)\"\))?\s+def (\w+)\(self\) -> pulumi\.Output\[(.*)\]:")
# `name: pulumi.Input[Optional[_builtins.str]] = None,` in the signature of the class of arguments
_OPTIONAL = re.compile(r"^ +(\w+): .+ = None[,)]", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Output:
    """One output property. `kind` is `str`, `int`, `float`, `bool`, `list`, `map`, `object` or `any`."""

    name: str
    kind: str
    always: bool
    """The provider gives it a value even where the program gave none."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A resource type: its outputs in order, and whether its name may be left to the provider."""

    outputs: tuple[Output, ...]
    optional_inputs: frozenset[str]
    """In the SDK's Python spelling (`name_prefix`)."""


@cache
def shape(token: str) -> Shape:
    """The shape of `aws:ec2/launchTemplate:LaunchTemplate` and its like. KeyError: the SDK has no such type."""
    text = _source(token)
    name = token.rsplit(":", 1)[1]
    arguments, _, rest = text.partition(f"class _{name}State:")
    body = (rest or text).partition(f"class {name}(pulumi.CustomResource):")[2]
    signature = arguments.partition(f"class {name}Args:")[2].partition('"""')[0]
    outputs = tuple(
        Output(name=match[1] or match[2], kind=_kind(match[3]), always=not match[3].startswith("Optional["))
        for match in _GETTER.finditer(body)
    )
    return Shape(outputs=outputs, optional_inputs=frozenset(_OPTIONAL.findall(signature)))


def _source(token: str) -> str:
    package, module, _ = token.split(":")
    spec = importlib.util.find_spec(f"pulumi_{package}")
    if spec is None or not spec.submodule_search_locations:
        raise KeyError(f"{token}: the SDK pulumi_{package} is not installed")
    folder, _, leaf = module.partition("/")
    directory = Path(spec.submodule_search_locations[0])
    file = directory / ("" if folder == "index" else folder) / f"{snake(leaf)}.py"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    if f"'{token}'" not in text:  # a few files are not spelled as their token: look through the folder once
        texts = (path.read_text(encoding="utf-8") for path in sorted(file.parent.glob("[a-z]*.py")))
        text = next((candidate for candidate in texts if f"'{token}'" in candidate), "")
    if not text:
        raise KeyError(f"{token}: pulumi_{package} has no such resource")
    return text


def snake(name: str) -> str:
    """`launchTemplate` → `launch_template`, the SDK's name of the file."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", name).lower()


def _kind(annotation: str) -> str:
    inner = annotation.removeprefix("Optional[")
    for prefix, kind in (
        ("_builtins.str", "str"),
        ("_builtins.int", "int"),
        ("_builtins.float", "float"),
        ("_builtins.bool", "bool"),
        ("Sequence", "list"),
        ("Mapping", "map"),
        ("'outputs.", "object"),
    ):
        if inner.startswith(prefix):
            return kind
    return "any"
