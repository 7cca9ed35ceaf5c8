"""`preview new`: what it writes for compose files of our own words, each with what published ones have; it is loaded at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from model.errors import SettingsError
from model.load import load
from model.machine.specification import machine_of
from model.stack import Stack
from preview.new import command, text
from preview.new.proposal import Proposal
from tests.model.test_overlay import merged

HEALTH = {"test": ["CMD", "true"]}
POSTGRES = {
    "image": "postgres:16-alpine",
    "environment": {"POSTGRES_USER": "shop", "POSTGRES_PASSWORD": "shop", "POSTGRES_DB": "shop"},
    "volumes": ["pg:/var/lib/postgresql/data"],
}


def written(folder: Path, document: dict[str, Any], **files: str) -> tuple[Proposal, dict[str, Any]]:
    (folder / "compose.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    for name, content in files.items():
        (folder / name.replace("__", "/")).write_text(content)
    proposal = command.proposed(folder / "compose.yaml", folder, "shop.example.com")
    content = text.stack_file(
        proposal, region="eu-central-1", zone="example.com", account="0" * 32, zone_id="f" * 32, team="acme"
    )
    config = yaml.safe_load(content)["config"]
    return proposal, {
        key.removeprefix("drawbridge:"): value for key, value in config.items() if key != "aws:region"
    }


def loaded(folder: Path, config: dict[str, Any]) -> Stack:
    return load(
        config,
        project="shop",
        stack="prod",
        region="eu-central-1",
        read=lambda path: (folder / path).read_text(),
        secrets={},
        previewing=True,
    )


def test_an_app_with_its_own_postgresql_goes_as_it_is(tmp_path: Path) -> None:
    proposal, config = written(
        tmp_path,
        {
            "services": {
                "db": POSTGRES,
                "web": {
                    "image": "acme/shop:3",
                    "ports": ["8080:3000", "222:22"],
                    "environment": {
                        "DATABASE_URL": "postgres://shop:shop@db/shop?sslmode=disable",
                        "SECRET_KEY": "change-me-please",
                        "BASE_URL": "http://localhost:8080",
                        "SMTP_HOST": "mail.example.org",
                        "SMTP_PORT": "465",
                    },
                    "volumes": ["./uploads:/app/uploads"],
                    "depends_on": ["db"],
                },
                "proxy": {"image": "traefik:3", "ports": ["80:80"], "depends_on": ["web"]},
            },
            "volumes": {"pg": None},
        },
    )
    stack = loaded(tmp_path, config)
    assert proposal.questions == []
    assert config["routes"] == [
        {"hostname": "shop.example.com", "service": "http://web:3000", "access": "team"}
    ]
    assert config["database"] == {
        "version": "16",
        "instanceClass": "db.t4g.micro",
        "storageGiB": 20,
        "name": "shop",
        "replaces": "db",
    }
    app = config["app"]
    assert app["without"] == ["proxy"]
    assert app["mounts"] == {"web:/app/uploads": "uploads"}
    assert app["storage"] == ["uploads"]
    assert app["generate"] == {"SECRET_KEY": {"bytes": 32, "encoding": "hex"}}
    assert app["environment"] == {
        "web": {"SECRET_KEY": "${SECRET_KEY}", "BASE_URL": "https://shop.example.com"}
    }
    assert app["restart"] == ["web"]
    assert config["network"]["egress"] == [
        {"port": 465, "protocol": "tcp", "cidr": "0.0.0.0/0", "why": "Mail submission"}
    ]
    assert sorted(stack.compose.running) == ["web"]


def test_the_variables_of_an_example_become_values_secrets_and_made_values(tmp_path: Path) -> None:
    _, config = written(
        tmp_path,
        {
            "services": {
                "web": {
                    "image": "acme/shop:${TAG}",
                    "restart": "always",
                    "expose": [3000],
                    "healthcheck": HEALTH,
                    "environment": {
                        name: f"${{{name}}}"
                        for name in (
                            "JWT_SECRET",
                            "STRIPE_API_KEY",
                            "ADMIN_PASSWORD",
                            "APP_URL",
                            "DOMAIN",
                            "LEVEL",
                            "AMQP",
                        )
                    },
                }
            }
        },
        **{
            ".env.example": "TAG=3.1\nJWT_SECRET=xxx\nSTRIPE_API_KEY=\nAMQP=amqp://u:p@mq/\nAPP_URL=http://localhost:3000/x\nLEVEL=info # all\n"
        },
    )
    loaded(tmp_path, config)
    app = config["app"]
    assert app["env"] == {
        "TAG": "3.1",
        "APP_URL": "https://shop.example.com/x",
        "DOMAIN": "shop.example.com",
        "LEVEL": "info",
    }
    assert app["generate"] == {"JWT_SECRET": {"bytes": 32, "encoding": "hex"}}
    assert app["secrets"] == ["ADMIN_PASSWORD", "STRIPE_API_KEY", "AMQP"]


def test_compose_takes_what_is_left_of_a_service_that_is_not_started(tmp_path: Path) -> None:
    """Compose puts variables into services that are off too, and refuses `:/var/lib/postgresql/data`."""
    db = {
        "image": "postgres:${PG_TAG}",
        "volumes": ["${PG_DATA}:/var/lib/postgresql/data"],
        "environment": ["POSTGRES_PASSWORD"],
    }
    web = {
        "image": "a:1",
        "restart": "always",
        "ports": ["80:80"],
        "healthcheck": HEALTH,
        "environment": ["DATASOURCE"],
    }
    _, config = written(
        tmp_path,
        {"services": {"postgres": db, "web": web}},
        **{
            "env.example": "PG_TAG=16\nPG_DATA=./pg\nPOSTGRES_PASSWORD=x\n"
            "DATASOURCE=postgres://u:${POSTGRES_PASSWORD}@postgres:5432/app\n"
        },
    )
    stack = loaded(tmp_path, config)
    machine = machine_of(stack)
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in machine.env.items()))
    own = (tmp_path / "compose.yaml").read_text()
    variables = ["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "DATABASE_URL"]
    with (tmp_path / ".env").open("a") as file:
        file.writelines(f"{name}=x\n" for name in variables)
    document = merged(machine.overlay, tmp_path, own)
    assert sorted(document["services"]) == ["cloudflared", "web"]
    assert config["app"]["env"] == {"PG_TAG": "16", "PG_DATA": "./pg"}
    assert document["services"]["web"]["environment"]["DATASOURCE"].startswith(
        "postgres://x:x@x:x/x?sslmode=verify-full"
    )


def test_text_beside_the_file_is_put_on_the_machines(tmp_path: Path) -> None:
    _, config = written(
        tmp_path,
        {
            "services": {
                "web": {
                    "image": "nginx:1.28",
                    "restart": "always",
                    "ports": ["80:80"],
                    "env_file": ["web.env"],
                    "healthcheck": HEALTH,
                    "volumes": ["./nginx.conf:/etc/nginx/nginx.conf:ro", "./conf.d:/etc/nginx/conf.d"],
                }
            }
        },
        **{"nginx.conf": "events {}\n", "web.env.sample": "A=b\n"},
    )
    assert config["app"]["files"] == {"nginx.conf": "nginx.conf", "web.env": "web.env.sample"}


@pytest.mark.parametrize(
    ("service", "question"),
    [
        ({"build": "."}, "drawbridge:app images.web: where is the image that your pipeline builds of 'web'?"),
        (
            {"image": "a:1", "volumes": ["./app.toml:/app.toml"]},
            "drawbridge:app files: where is app.toml, which 'web' mounts at /app.toml? It is not beside compose.yaml",
        ),
        (
            {"image": "a:1", "env_file": "prod.env"},
            "drawbridge:app files: where is prod.env, the env_file of 'web'?",
        ),
        (
            {"image": "a:1", "ports": []},
            "drawbridge:routes: which service serves people, on which port? The compose file publishes none",
        ),
    ],
)
def test_what_the_file_cannot_tell_is_a_question(
    service: dict[str, Any], question: str, tmp_path: Path
) -> None:
    body = {"ports": ["80:80"], "healthcheck": HEALTH, "restart": "always", **service}
    proposal, _ = written(tmp_path, {"services": {"web": body}})
    assert proposal.questions == [question]


@pytest.mark.parametrize(
    "body",
    [
        {"volumes": ["/var/run/docker.sock:/var/run/docker.sock"]},
        {"privileged": True},
        {"network_mode": "host"},
    ],
)
def test_the_machine_is_never_handed_over_unasked(body: dict[str, Any], tmp_path: Path) -> None:
    worker = {"image": "a:1", "restart": "always", **body}
    _, config = written(
        tmp_path,
        {"services": {"web": {"image": "a:1", "ports": ["80:80"], "healthcheck": HEALTH}, "worker": worker}},
    )
    with pytest.raises(SettingsError):
        loaded(tmp_path, config)


def test_a_volume_of_one_writer_is_not_put_where_two_machines_write(tmp_path: Path) -> None:
    _, config = written(
        tmp_path,
        {
            "services": {
                "web": {
                    "image": "louislam/uptime-kuma:2",
                    "restart": "always",
                    "ports": ["3001:3001"],
                    "volumes": ["./data:/app/data"],
                },
                "cache": {"image": "redis:8", "restart": "always", "volumes": ["cache:/data"]},
            },
            "volumes": {"cache": None},
        },
    )
    assert "storage" not in config["app"]
    assert config["app"]["scratch"] == ["cache"]
    assert config["app"]["healthchecks"] == {"web": "image"}


def test_nothing_is_overwritten_and_the_compose_file_stays(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = "services: {web: {image: 'nginx:1.28', ports: ['80:80'], restart: always}}\n"
    (tmp_path / "compose.yaml").write_text(content)
    arguments = ["--app", str(tmp_path), "--host", "shop.example.com"]
    assert command.main(arguments) == 0
    assert "previews cleanly: " in capsys.readouterr().out
    before = (tmp_path / "Pulumi.prod.yaml").read_text()
    assert command.main(arguments) == 1
    assert "there is such a stack" in capsys.readouterr().err
    assert (tmp_path / "Pulumi.prod.yaml").read_text() == before
    assert (tmp_path / "compose.yaml").read_text() == content


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--app", "nowhere", "--host", "a.example.com"], "--app: expected a compose file or a folder"),
        (["--app", ".", "--host", "a b"], "--host: expected a hostname such as app.example.com"),
    ],
)
def test_what_is_wrong_with_the_question_itself_is_said(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 1
    assert said in capsys.readouterr().err
