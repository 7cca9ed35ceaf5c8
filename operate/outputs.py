"""The stack's outputs for those who need them: variables of a front end, of a GitHub environment, or plain JSON."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from model.outputs import Outputs
from operate.stack import Fault, Stack

SECRET = "[secret]"  # what the engine writes in place of one
FORMATS = ("env", "github", "json")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def rendered(stack: Stack, form: str, names: Sequence[str], prefix: str) -> str:
    """``names``: `VARIABLE=OUTPUT.KEY`; without any, all outputs that last, as variables. Raises Fault."""
    if form == "json":
        return json.dumps(dict(sorted(stack.outputs.items())), indent=2, ensure_ascii=False) + "\n"
    variables = dict(chosen(stack.outputs, names)) if names else dict(lasting(stack.outputs, prefix))
    if form == "github":
        # Not secret, so they may stand in a command line.
        return "".join(
            f"gh variable set {name} --env {shlex.quote(stack.name)} --body {shlex.quote(value)}\n"
            for name, value in variables.items()
        )
    return "".join(f"{name}={quoted(value)}\n" for name, value in variables.items())


def chosen(outputs: Mapping[str, Any], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in names:
        name, equals, path = text.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise Fault(
                f"outputs: expected VARIABLE=OUTPUT, such as VITE_API_URL=urls.api.example.com, found {text!r}"
            )
        yield name, _text(found(outputs, path), path)


def found(outputs: Mapping[str, Any], path: str) -> Any:
    """`urls.api.example.com`: an output, and the rest is one key of it, dots and all. Raises Fault."""
    output, dot, key = path.partition(".")
    value = outputs.get(output)
    if dot and isinstance(value, dict):
        if key in value:
            return value[key]
        raise Fault(f"outputs: {output} has no {key!r}; it has {', '.join(sorted(value)) or 'nothing'}")
    if dot or value is None:
        raise Fault(f"outputs: the stack has no {path!r}; it has {', '.join(sorted(outputs))}")
    return value


def lasting(outputs: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Those whose values stay from release to release, a variable each, secrets left out: what is rolling is no promise."""
    kept = {name for name, how in Outputs.values_by_name().items() if how in ("kept", "at least")}
    for output, value in sorted(outputs.items()):
        if output not in kept or value is None:
            continue
        items = value.items() if isinstance(value, dict) else [("", value)]
        for key, one in sorted(items):
            if one != SECRET and not isinstance(one, dict):
                yield variable(prefix, output, str(key)), _text(one, output)


def variable(prefix: str, output: str, key: str) -> str:
    """`URLS_API_EXAMPLE_COM` of urls and api.example.com."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", output)
    return prefix + re.sub(r"\W+", "_", f"{words}_{key}" if key else words).upper()


def _text(value: Any, path: str) -> str:
    if value == SECRET:
        raise Fault(f"outputs: {path} is secret: pulumi stack output --show-secrets, where you need it")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def quoted(value: str) -> str:
    """As dotenv, Compose and the shell alike read it back: plain, or in single quotes. Raises Fault where these differ."""
    if re.fullmatch(r"[\w.:/@%+,=-]*", value, re.ASCII):
        return value
    if "'" in value or "\n" in value or "\r" in value:
        raise Fault(
            f"outputs: {value!r} reads differently in each tool that reads .env files; take --format json"
        )
    return f"'{value}'"
