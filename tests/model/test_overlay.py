"""The file merged over the app's compose file, as text and as Compose itself merges it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from model.machine.specification import machine_of
from tests.model.stacks import changed, load_stack

DOCKER_COMPOSE = Path(sys.executable).parent / "docker-compose"

COMPOSE = """\
services:
  web: {image: "nginx:1", restart: always, healthcheck: {test: "true"}, networks: [front]}
  api: {image: "api:1", restart: always, healthcheck: {test: "true"}}
  jobs: {image: "jobs:1", restart: always, networks: {front: {aliases: [queue]}}}
  opa: {image: "opa:1", restart: always}
  cache: {image: "redis:1", restart: always}
networks: {front: }
"""


def overlay(**app: Any) -> str:
    config = changed("app", {"compose": "compose.yaml", **app})
    del config["database"]
    return machine_of(load_stack(config, COMPOSE, secrets={})).overlay


def merged(text: str, folder: Path, own: str = COMPOSE, *options: str) -> dict[str, Any]:
    (folder / "compose.yaml").write_text(own)
    (folder / "compose.override.yaml").write_text(text)
    command = [
        str(DOCKER_COMPOSE),
        "--project-name",
        "app",
        "-f",
        "compose.yaml",
        "-f",
        "compose.override.yaml",
        *options,
        "config",
        "--format",
        "json",
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return dict(json.loads(done.stdout))


def test_the_overlay_is_this_text() -> None:
    assert overlay(private={"opa": ["api"]}) == (
        """\
name: app
services:
  cloudflared:
    image: cloudflare/cloudflared:2026.8.2
    command:
    - tunnel
    - run
    restart: unless-stopped
    environment:
      TUNNEL_TOKEN_FILE: /etc/cloudflared/token
      TUNNEL_METRICS: 127.0.0.1:20241
      TUNNEL_GRACE_PERIOD: 30s
      TUNNEL_TRANSPORT_PROTOCOL: auto
    volumes:
    - type: bind
      source: /etc/drawbridge/tunnel-token
      target: /etc/cloudflared/token
      read_only: true
    healthcheck:
      test:
      - CMD
      - cloudflared
      - tunnel
      - --metrics
      - 127.0.0.1:20241
      - ready
      interval: 5s
      timeout: 5s
      retries: 12
      start_period: 60s
    stop_grace_period: 35s
    networks:
    - drawbridge
    read_only: true
    cap_drop:
    - ALL
    security_opt:
    - no-new-privileges:true
    depends_on:
      api:
        condition: service_healthy
      web:
        condition: service_healthy
  api:
    networks:
      default: {}
      drawbridge: {}
      private-opa: {}
  opa:
    networks:
      private-opa: {}
  web:
    networks:
      drawbridge: {}
networks:
  drawbridge:
    ipam:
      config:
      - subnet: 172.16.80.0/24
  private-opa: {}
"""
    )


def test_compose_gives_each_service_the_networks_that_it_should_have(tmp_path: Path) -> None:
    document = merged(overlay(private={"opa": ["api"], "cache": ["api", "jobs"]}), tmp_path)
    networks = {name: sorted(service.get("networks", {})) for name, service in document["services"].items()}
    assert networks == {
        "cloudflared": ["drawbridge"],
        "web": ["drawbridge", "front"],
        "api": ["default", "drawbridge", "private-cache", "private-opa"],
        "jobs": ["front", "private-cache"],
        "opa": ["private-opa"],
        "cache": ["private-cache"],
    }
    assert document["services"]["jobs"]["networks"]["front"] == {"aliases": ["queue"]}
    assert document["networks"]["drawbridge"]["ipam"]["config"] == [{"subnet": "172.16.80.0/24"}]


def test_a_private_service_shares_a_network_with_its_callers_alone(tmp_path: Path) -> None:
    services = merged(overlay(private={"opa": ["api"]}), tmp_path)["services"]
    reach = {
        name
        for name, service in services.items()
        if set(service["networks"]) & set(services["opa"]["networks"])
    }
    assert reach == {"api", "opa"}


def test_the_connector_reaches_the_routed_services_alone(tmp_path: Path) -> None:
    services = merged(overlay(), tmp_path)["services"]
    reach = {name for name, service in services.items() if "drawbridge" in service["networks"]}
    assert reach == {"api", "cloudflared", "web"}


def test_without_private_services_and_storage_the_overlay_adds_one_network_and_no_volume() -> None:
    document = yaml.safe_load(overlay())
    assert (sorted(document["networks"]), "volumes" in document) == (["drawbridge"], False)


MIGRATED = """\
services:
  web:
    image: web:1
    restart: always
    healthcheck: {test: "true"}
    depends_on: {seed: {condition: service_completed_successfully}, cache: {condition: service_healthy}}
  seed: {image: "api:1", command: seed, depends_on: {migrate: {condition: service_completed_successfully}}}
  migrate: {image: "api:1", command: [alembic, upgrade, head], depends_on: {cache: {condition: service_healthy}}}
  cache: {image: "redis:1", restart: always, healthcheck: {test: "true"}}
  report: {image: "api:1", command: report, profiles: [tools]}
"""


def migrated(**app: Any) -> tuple[tuple[str, ...], str]:
    config = changed("app", {"compose": "compose.yaml", **app})
    del config["database"]
    config["routes"] = config["routes"][:1]
    machine = machine_of(load_stack(config, MIGRATED, secrets={}))
    return machine.once, machine.overlay


def test_what_others_wait_for_runs_once_each_after_its_predecessors() -> None:
    assert migrated()[0] == ("migrate", "seed")
    assert migrated(once=["seed", "report", "migrate"])[0] == ("migrate", "seed", "report")
    assert migrated(once=[])[0] == ()


def test_compose_starts_the_stack_without_what_ran_once(tmp_path: Path) -> None:
    document = merged(migrated()[1], tmp_path, MIGRATED)
    assert sorted(document["services"]) == ["cache", "cloudflared", "web"]
    left = merged(migrated(once=[])[1], tmp_path, MIGRATED)
    assert sorted(left["services"]) == ["cache", "cloudflared", "migrate", "seed", "web"]


def test_compose_runs_what_runs_once_without_what_ran_before_it(tmp_path: Path) -> None:
    document = merged(migrated()[1], tmp_path, MIGRATED, "--profile", "once-seed")
    assert "migrate" not in document["services"]
    assert document["services"]["seed"]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully", "required": False}
    }
