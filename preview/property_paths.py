"""Paths of properties in the engine's notation: `launchTemplate.version`, `tags["a.b"]`, `routes[0].cidrBlock`."""

from __future__ import annotations

from model.lines import step as step


def top(leaf: str) -> str:
    """The input that a leaf lies in."""
    return leaf.split(".", 1)[0].split("[", 1)[0]
