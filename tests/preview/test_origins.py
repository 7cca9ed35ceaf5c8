"""Routes to a port or a protocol that their service does not speak."""

from __future__ import annotations

import dataclasses
import textwrap
from typing import Any

import pytest
import yaml

from preview.analysis.verdict import compare
from preview.changes import Consequence
from preview.resource_types import type_names
from preview.resources import Evaluation
from tests.preview.programs import program, resource

DOWNTIME, UNKNOWN = Consequence.DOWNTIME, Consequence.UNKNOWN
CONF = "./site.conf:/etc/nginx/conf.d/default.conf:ro"


def check(url: str) -> dict[str, Any]:
    return {"healthcheck": {"test": ["CMD", "wget", "-qO-", url]}}


def version(service: str, body: dict[str, Any], conf: str = "") -> Evaluation:
    compose = yaml.safe_dump({"services": {"web": {"image": "example/web:1", **body}}})
    files = {"compose.yaml": compose, **({"site.conf": conf} if conf else {})}
    text = "".join(
        f"- path: /opt/drawbridge/app/{name}\n  permissions: '0644'\n  content: |\n{textwrap.indent(content, '    ')}\n"
        for name, content in files.items()
    )
    rules = [{"hostname": "app.example.com", "service": service}, {"service": "http_status:404"}]
    found = program(
        resource(type_names.TUNNEL_CONFIGURATION, "ingress", {"config": {"ingresses": rules}}),
        resource(
            type_names.AUTO_SCALING_GROUP,
            "fleet",
            {"minSize": 1, "maxSize": 1, "launchTemplate": {"version": text}},
            replaceOnChanges=["launchTemplate"],
        ),
    )
    return dataclasses.replace(found, user_data={"template": text})


def said(old: Evaluation, new: Evaluation) -> list[tuple[Consequence, str]]:
    return [
        (effect.consequence, effect.why)
        for change in compare(old, new).changed
        for effect in change.effects
        if "listens on" in effect.why or "502" in effect.why or "speaks" in effect.why
    ]


API = check("http://127.0.0.1:8000/health")


@pytest.mark.parametrize(
    "body, conf, service, consequence",
    [
        (API, "", "http://web:8080", DOWNTIME),
        ({"image": "nginx:1.28"}, "", "http://web:8080", DOWNTIME),
        ({"expose": ["3000"]}, "", "http://web:80", DOWNTIME),
        ({"ports": ["8080:5000"]}, "", "http://web:8000", DOWNTIME),
        ({"command": ["serve", "--port", "9000"]}, "", "http://web:9001", DOWNTIME),
        ({"environment": {"PORT": "3000"}}, "", "http://web:3001", DOWNTIME),
        (
            {"image": "nginx:1.28", "volumes": [CONF]},
            "server {\n  listen 8081;\n}\n",
            "http://web:80",
            DOWNTIME,
        ),
        ({}, "", "http://web:8080", UNKNOWN),
        ({"environment": ["PORT=3000"]}, "", "http://web:3000", None),
        (
            {"image": "nginx:1.28", "volumes": [CONF]},
            "server {\n  listen 8081;\n}\n",
            "http://web:8081",
            None,
        ),
        ({**API, "command": "serve --metrics :9100"}, "", "http://web:9100", None),
    ],
)
def test_a_route_to_another_port(
    body: dict[str, Any], conf: str, service: str, consequence: Consequence | None
) -> None:
    found = said(version("http://web:7000", body, conf), version(service, body, conf))
    assert [item[0] for item in found] == ([consequence] if consequence else [])


TLS = "server {\n  listen 443 ssl;\n  listen 80;\n}\n"


@pytest.mark.parametrize(
    "was, now, body, conf, consequence",
    [
        ("http://web:80", "https://web:80", {"image": "nginx:1.28"}, "", DOWNTIME),
        ("http://web:8000", "https://web:8000", API, "", DOWNTIME),
        ("https://web:443", "http://web:443", {"image": "caddy:2"}, "", DOWNTIME),
        ("http://web:80", "https://web:80", {"volumes": [CONF]}, TLS, DOWNTIME),
        ("http://web:80", "https://web:443", {"volumes": [CONF]}, TLS, None),
        ("http://web:80", "https://web", {"image": "caddy:2"}, "", None),
        ("http://web:8000", "https://web:8443", {"expose": ["8000", "8443"]}, "", UNKNOWN),
    ],
)
def test_a_route_in_another_protocol(
    was: str, now: str, body: dict[str, Any], conf: str, consequence: Consequence | None
) -> None:
    found = said(version(was, body, conf), version(now, body, conf))
    assert [item[0] for item in found] == ([consequence] if consequence else [])


@pytest.mark.parametrize(
    "old, new, closes",
    [
        ({"command": ["--port", "8000"]}, {"command": ["--port", "9000"]}, True),
        ({"environment": {"PORT": "8000"}}, {"environment": {"PORT": "9000"}}, True),
        (API, check("http://127.0.0.1:9000/health"), True),
        (API, {**API, "stop_grace_period": "9s"}, False),
        (API, {}, False),
    ],
)
def test_a_service_that_moves_from_under_its_route(
    old: dict[str, Any], new: dict[str, Any], closes: bool
) -> None:
    route = "http://web:8000"
    assert [item[0] for item in said(version(route, old), version(route, new))] == [DOWNTIME] * closes
