"""What the stack file says in place of the compose file, read by us and merged by Compose: the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from model.machine.specification import machine_of
from tests.model.stacks import changed, findings, load_stack
from tests.model.test_overlay import merged

PUBLISHED = """\
services:
  web:
    build: .
    container_name: web
    ports: ["8080:80", "127.0.0.1:9000:9000"]
    environment: [BASE_URL=http://localhost, KEY=changeme, OTHER=x]
    volumes: ["./data:/data", "/cache"]
  worker: {image: worker, restart: always, ports: ["9:9"]}
"""

DIGEST = f"registry.example.com/web@sha256:{'0' * 64}"


def config(**app: Any) -> dict[str, Any]:
    found = changed(
        "app",
        {
            "compose": "compose.yaml",
            "images": {"web": DIGEST, "worker": DIGEST},
            "healthchecks": {"web": ["CMD", "curl", "-f", "http://localhost/"]},
            "restart": ["web"],
            "environment": {"web": {"BASE_URL": "https://app.example.com", "KEY": "${KEY}"}},
            "generate": {"KEY": {}},
            "mounts": {"web:/data": "data", "web:/cache": "cache"},
            "storage": ["data"],
            "scratch": ["cache"],
            **app,
        },
    )
    found["routes"] = [{"hostname": "app.example.com", "service": "http://web:80", "access": "public"}]
    found["access"] = {}
    del found["database"]
    return found


def test_a_published_file_goes_as_it_is(tmp_path: Path) -> None:
    stack = load_stack(config(), PUBLISHED, secrets={})
    (tmp_path / ".env").write_text("KEY=made\n")
    document = merged(machine_of(stack).overlay, tmp_path, PUBLISHED)
    web, worker = document["services"]["web"], document["services"]["worker"]
    assert stack.compose_text == PUBLISHED
    assert web["image"] == DIGEST
    assert "build" not in web
    assert [(port["host_ip"], port["target"]) for port in web["ports"]] == [("127.0.0.1", 9000)]
    assert web["environment"] == {"BASE_URL": "https://app.example.com", "KEY": "made", "OTHER": "x"}
    assert web["restart"] == "unless-stopped"
    assert web["healthcheck"] == {
        "test": ["CMD", "curl", "-f", "http://localhost/"],
        "interval": "10s",
        "timeout": "10s",
        "retries": 30,
        "start_period": "1m0s",
    }
    assert [(mount["type"], mount["source"], mount["target"]) for mount in web["volumes"]] == [
        ("volume", "data", "/data"),
        ("volume", "cache", "/cache"),
    ]
    assert document["volumes"]["data"]["driver_opts"]["device"] == "/srv/drawbridge/storage/data"
    assert document["volumes"]["cache"] == {"name": "app_cache"}
    assert "ports" not in worker
    assert [w for w in stack.warnings if "ports" in w] == [
        "compose.yaml:8 services.worker.ports: no port of the machine is opened, and no route leads to 'worker'; add one if "
        "somebody outside has to reach it (HTTP and WebSocket alone)"
    ]


def test_only_a_port_that_is_surely_on_loopback_stays_published() -> None:
    for given, secrets in (({"env": {"BIND": "0.0.0.0"}}, {}), ({"secrets": ["BIND"]}, {"BIND": 8})):
        text = PUBLISHED.replace("127.0.0.1:9000", "${BIND}:9000")
        assert load_stack(config(**given), text, secrets=secrets).compose.services["web"].ports == ()
    text = PUBLISHED.replace("127.0.0.1:9000", "${BIND:-127.0.0.1}:9000")
    assert len(load_stack(config(), text, secrets={}).compose.services["web"].ports) == 1


def test_our_reader_sees_what_compose_merges() -> None:
    web = load_stack(config(), PUBLISHED, secrets={}).compose.services["web"]
    assert (web.image, web.built, web.checked, web.restarts) == (DIGEST, False, True, True)
    assert [port["target"] for port in web.ports] == ["9000"]
    assert dict(web.environment)["BASE_URL"] == "https://app.example.com"
    assert [(mount["type"], mount["source"]) for mount in web.mounts] == [
        ("volume", "data"),
        ("volume", "cache"),
    ]


def test_the_check_that_an_image_brings_counts(tmp_path: Path) -> None:
    text = PUBLISHED.replace("    build: .", "    build: .\n    healthcheck: {disable: true}")
    stack = load_stack(config(healthchecks={"web": "image"}), text, secrets={})
    (tmp_path / ".env").write_text("KEY=made\n")
    document = merged(machine_of(stack).overlay, tmp_path, text)
    assert stack.compose.services["web"].checked
    assert document["services"]["cloudflared"]["depends_on"]["web"]["condition"] == "service_healthy"


def test_answers_to_what_is_not_there_are_errors() -> None:
    wrong = config(
        images={"wbe": DIGEST},
        healthchecks={"x": "image"},
        restart=["y"],
        environment={"z": {"A": "b"}},
        mounts={"web": "data"},
    )
    said = [str(item) for item in findings(wrong, PUBLISHED, secrets={})]
    places = {text.partition(":")[0] for text in said}
    assert {
        "app.images.wbe",
        "app.healthchecks.x",
        "app.restart[0]",
        "app.environment.z",
        "app.mounts.web",
    } <= places


def test_a_service_that_is_built_asks_for_its_image() -> None:
    del (without := config())["app"]["images"]["web"]
    assert [str(item) for item in findings(without, PUBLISHED, secrets={})] == [
        "compose.yaml:2 services.web: the service has no image; build and push it in your pipeline, and name it in "
        "app.images.web: the machines pull, they do not build"
    ]
