"""A small valid stack for tests to spoil, and how to load it."""

from __future__ import annotations

import copy
from typing import Any

from model.errors import Finding, SettingsError
from model.load import load
from model.stack import Stack

COMPOSE = """\
services:
  web:
    image: nginx:1.28.0
    restart: always
    healthcheck: {test: [CMD, "true"]}
  api:
    image: ghcr.io/acme/api:${TAG}
    restart: always
    environment: {SECRET: "${SECRET}", KEY: "${KEY}", URL: "${DATABASE_URL}"}
    healthcheck: {test: [CMD, "true"]}
    volumes: ["data:/data", "./api/conf.d:/etc/api:ro"]
  worker:
    image: ghcr.io/acme/worker:1
    restart: always
volumes:
  data:
"""

STACK: dict[str, Any] = {
    "cloudflare": {
        "accountId": "0" * 32,
        "zoneId": "f" * 32,
        "zone": "example.com",
        "plan": "pro",
        "team": "acme",
    },
    "app": {
        "compose": "compose.yaml",
        "files": {"api/conf.d/a.conf": "a.conf"},
        "env": {"TAG": "v1"},
        "secrets": ["SECRET"],
        "generate": {"KEY": {"bytes": 24, "encoding": "hex"}},
        "storage": ["data"],
    },
    "routes": [
        {"hostname": "app.example.com", "service": "http://web:80", "access": "public"},
        {"hostname": "app.example.com", "path": "/admin/*", "service": "http://api:8000", "access": "admins"},
    ],
    "access": {"admins": {"allow": {"emails": ["ops@example.com"]}, "session": "8h"}},
    "identityProviders": {"idp": {"type": "oidc", "id": "12345678-1234-1234-1234-123456789abc"}},
    "firewall": {"rateLimits": [{"name": "uploads", "path": "/api/*", "requests": 10, "per": "60s"}]},
    "host": {"instanceType": "t3.small"},
    "database": {"version": "17", "name": "app"},
    "alerts": {"emails": ["ops@example.com"]},
}


def changed(path: str, value: Any = None) -> dict[str, Any]:
    """The valid stack with one place set (or, for None, removed); numbers in the path are list positions."""
    stack = copy.deepcopy(STACK)
    *steps, last = path.split("/")
    place: Any = stack
    for step in steps:
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    key: Any = int(last) if isinstance(place, list) else last
    if value is None:
        del place[key]
    elif isinstance(place, list) and key == len(place):
        place.append(value)
    else:
        place[key] = value
    return stack


def load_stack(config: dict[str, Any], compose: str = COMPOSE, **options: Any) -> Stack:
    files = {"compose.yaml": compose, "a.conf": "conf\n"}

    def read(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    settings: dict[str, Any] = {
        "project": "drawbridge",
        "stack": "test",
        "region": "ap-northeast-1",
        "read": read,
        "secrets": {"SECRET": True},
        "previewing": True,
        **options,
    }
    return load(config, **settings)


def findings(config: dict[str, Any], compose: str = COMPOSE, **options: Any) -> list[Finding]:
    try:
        load_stack(config, compose, **options)
    except SettingsError as error:
        return list(error.findings)
    return []
