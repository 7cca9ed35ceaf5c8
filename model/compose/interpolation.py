"""Variables in a compose file, as Compose substitutes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

# ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?message}, ${NAME:+other}, $NAME; $$ is a dollar.
_VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<operator>:?[-?+])(?P<rest>[^{}]*))?\})"
)


def variables(text: str) -> Iterable[tuple[str, bool]]:
    """(name, whether it may be unset) of each variable that a string mentions."""
    for match in _VARIABLE.finditer(text):
        if match["plain"]:
            yield match["plain"], False
        elif match["name"]:
            yield match["name"], bool(match["operator"]) and "?" not in match["operator"]


def interpolate(text: str, env: Mapping[str, str]) -> str:
    """Put plain variables in, as compose does; what is not in `env` and has no default stays as it is written."""

    def value(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        name = match["plain"] or match["name"]
        operator, rest = match["operator"] or "", match["rest"] or ""
        present = name in env and not (operator.startswith(":") and not env[name])
        if operator.endswith("+"):
            return rest if present else ""
        if present:
            return env[name]
        return rest if operator.endswith("-") else match[0]

    return _VARIABLE.sub(value, text)
