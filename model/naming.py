"""Every logical name, once."""

from __future__ import annotations


def application_key(host: str, access: str) -> str:
    """Part of resource names, so it must not change when routes are added: host and policy, nothing positional."""
    return f"{host.replace('*', 'any').replace('.', '-')}-{access}"
