"""Paths of properties in the engine's notation: `launchTemplate.version`, `tags["a.b"]`, `routes[0].cidrBlock`."""

from __future__ import annotations


def step(path: str, key: str) -> str:
    """The path of a key below ``path``, in the engine's notation."""
    if not key.replace("_", "").replace("-", "").replace("#", "").isalnum():
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def top(leaf: str) -> str:
    """The input that a leaf lies in."""
    return leaf.split(".", 1)[0].split("[", 1)[0]
