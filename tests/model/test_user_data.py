"""The rendered cloud-init, as text."""

from __future__ import annotations

import ast
import base64
import gzip
import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.errors import SettingsError
from model.machine import cloud_init
from model.machine.specification import Machine, machine_of
from model.settings import Registry
from tests.evaluations import ROOT
from tests.model.stacks import STACK, changed, load_stack
from tests.thorough import examples

TEMPLATES = {name: (ROOT / "cloud-init" / name).read_text() for name in cloud_init.TEMPLATES}
MACHINE = machine_of(load_stack(STACK))
VALUES = cloud_init.Values(
    secrets={"SECRET": "s3cret-value", "TUNNEL_TOKEN": "t0ken-value"},
    parameters={},
    env={"PGHOST": "db.aws"},
    efs_dns="fs-1.efs.aws",
    database_host="db.aws",
    master_secret_arn="arn:master",
    log_group="logs",
)


def files(text: str) -> dict[str, dict[str, Any]]:
    return {file["path"]: file for file in yaml.safe_load(text)["write_files"]}


@pytest.mark.slow
@given(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)
    | st.text("a \n\r\x85\u2028\t'\"#$:", max_size=12)
)
@example("\n")  # YAML's emitter ends a document there
@settings(max_examples=examples(150), deadline=None)
def test_any_text_of_a_file_arrives_to_the_letter(content: str) -> None:
    machine = replace(MACHINE, files={"x.conf": content})
    assert (
        files(cloud_init.render(machine, VALUES, TEMPLATES))["/opt/drawbridge/app/x.conf"]["content"]
        == content
    )


@pytest.mark.slow
@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=40))
@settings(max_examples=examples(100), deadline=None)
def test_any_secret_arrives_to_the_letter(secret: str) -> None:
    rendered = cloud_init.render(MACHINE, replace(VALUES, secrets={"SECRET": secret}), TEMPLATES)
    assert json.loads(files(rendered)["/etc/drawbridge/secrets.json"]["content"]) == {"SECRET": secret}


def test_the_apps_compose_file_is_not_edited() -> None:
    assert (
        files(cloud_init.render(MACHINE, VALUES, TEMPLATES))["/opt/drawbridge/app/compose.yaml"]["content"]
        == MACHINE.compose
    )


def test_secrets_stand_in_one_file_that_root_alone_reads() -> None:
    rendered = files(cloud_init.render(MACHINE, VALUES, TEMPLATES))
    holding = [
        path
        for path, file in rendered.items()
        if "s3cret-value" in file["content"] or "t0ken-value" in file["content"]
    ]
    assert holding == ["/etc/drawbridge/secrets.json"]
    assert rendered["/etc/drawbridge/secrets.json"]["permissions"] == "0600"


def test_with_parameters_there_is_no_file_of_secrets() -> None:
    machine = replace(MACHINE, delivery="parameter-store")
    rendered = files(
        cloud_init.render(
            machine, replace(VALUES, secrets={}, parameters={"SECRET": "/x/SECRET:3"}), TEMPLATES
        )
    )
    assert "/etc/drawbridge/secrets.json" not in rendered
    assert json.loads(rendered["/etc/drawbridge/machine.json"]["content"])["parameters"] == {
        "SECRET": "/x/SECRET:3"
    }


def test_the_masked_text_differs_from_the_real_one_in_the_secrets_alone() -> None:
    secrets = {name: f"{name}-value" for name in MACHINE.secrets}
    real = cloud_init.render(MACHINE, replace(VALUES, secrets=secrets), TEMPLATES)
    shown = cloud_init.masked(MACHINE, replace(VALUES, secrets={}), TEMPLATES)
    for value in secrets.values():
        real = real.replace(value, "[secret]")
    assert shown == real


def test_encoding_is_deterministic_and_reversible() -> None:
    text = cloud_init.render(MACHINE, VALUES, TEMPLATES)
    assert cloud_init.encode(text) == cloud_init.encode(text)
    assert gzip.decompress(base64.b64decode(cloud_init.encode(text))).decode() == text


def test_the_encoding_does_not_name_the_system_that_made_it() -> None:
    """Python 3.12 writes 3 (Unix) there and 3.13 writes 255 (unknown): the same stack, yet a new machine for every other colleague."""
    assert base64.b64decode(cloud_init.encode("#cloud-config\n"))[9] == 255


def test_too_large_a_cloud_init_names_what_takes_the_room() -> None:
    noise = base64.b85encode(
        bytes(i * i % 251 for i in range(3)) + __import__("random").Random(1).randbytes(20_000)
    ).decode()
    with pytest.raises(SettingsError) as caught:
        cloud_init.encode(cloud_init.render(replace(MACHINE, files={"big.bin": noise}), VALUES, TEMPLATES))
    (found,) = caught.value.findings
    assert found.path == "app.files"
    assert found.expected == "at most 16384 bytes of cloud-init, packed"
    assert "the largest parts are /opt/drawbridge/app/big.bin " in found.fix


def test_comments_of_the_shipped_scripts_stay_here_and_nothing_else_does() -> None:
    agent = TEMPLATES["drawbridge"]
    tree = ast.parse(agent)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            del node.body[0]
    assert ast.dump(ast.parse(cloud_init.without_comments(agent))) == ast.dump(tree)
    for name, text in TEMPLATES.items():
        kept = cloud_init.without_comments(text).splitlines()
        left_out = [line for line in text.splitlines() if line not in kept]
        texts = () if name == "drawbridge" else left_out
        assert [line for line in texts if line.strip() and not line.lstrip().startswith(("#", "//"))] == [], (
            name
        )
        assert text.splitlines()[0] == kept[0] or not text.startswith("#!")
        assert "<<" not in re.sub(r"#.*", "", text), (
            f"{name} has a here-document, where a line may begin with #"
        )


def test_a_script_among_the_apps_files_may_be_executed() -> None:
    machine = replace(MACHINE, files={"wait.sh": "#!/bin/sh\ntrue\n", "wait.conf": "# no script\n"})
    rendered = files(cloud_init.render(machine, VALUES, TEMPLATES))
    assert [rendered[f"/opt/drawbridge/app/{name}"]["permissions"] for name in ("wait.sh", "wait.conf")] == [
        "0755",
        "0644",
    ]


def test_a_registrys_password_is_withheld_from_containers_unless_one_asks_for_it() -> None:
    registry = {"server": "ghcr.io", "username": "bot", "password": "SECRET"}
    used = changed("app/registries", [registry])
    unused = changed("app/registries", [{**registry, "password": "PULL"}])
    unused["app"]["secrets"] = ["SECRET", "PULL"]
    assert machine_of(load_stack(used)).withheld == ()
    assert machine_of(load_stack(unused, secrets={"SECRET": 1, "PULL": 1})).withheld == ("PULL",)


def test_packages_follow_from_what_the_stack_uses() -> None:
    def packages(machine: Machine) -> list[str]:
        return list(
            json.loads(
                files(cloud_init.render(machine, VALUES, TEMPLATES))["/etc/drawbridge/machine.json"][
                    "content"
                ]
            )["packages"]
        )

    base = [
        "ca-certificates",
        "curl",
        "docker.io",
        "docker-compose-v2|docker-compose",
        "pigz",
        "python3-boto3",
    ]
    ecr = Registry.model_validate({"server": "123456789012.dkr.ecr.eu-west-1.amazonaws.com"})
    assert packages(replace(MACHINE, storage=(), database=None)) == base
    assert packages(MACHINE) == [*base, "nfs-common", "python3-psycopg2"]
    assert packages(replace(MACHINE, storage=(), database=None, registries=(ecr,))) == [
        *base,
        "amazon-ecr-credential-helper",
    ]


@pytest.mark.parametrize(
    "logs, expected",
    [
        ("journald", {"live-restore": True, "log-driver": "journald", "log-opts": {"tag": "{{.Name}}"}}),
        (
            "cloudwatch",
            {
                "live-restore": True,
                "log-driver": "awslogs",
                "log-opts": {
                    "awslogs-region": "ap-northeast-1",
                    "awslogs-group": "logs",
                    "tag": "{{.Name}}/{{.ID}}",
                    "mode": "non-blocking",
                    "max-buffer-size": "4m",
                },
            },
        ),
    ],
)
def test_containers_log_where_the_settings_say(logs: Any, expected: dict[str, Any]) -> None:
    rendered = files(cloud_init.render(replace(MACHINE, logs=logs), VALUES, TEMPLATES))
    assert json.loads(rendered["/etc/docker/daemon.json"]["content"]) == expected


def test_a_first_boot_that_was_cut_off_is_taken_up_by_the_next() -> None:
    document = yaml.safe_load(cloud_init.render(MACHINE, VALUES, TEMPLATES))
    ((shell, option, command),) = document["bootcmd"]
    assert (shell, option) == ("sh", "-c")
    assert command == (
        "test -e /etc/drawbridge/booted || for module in write_files runcmd scripts_user; "
        "do rm -f /var/lib/cloud/instance/sem/config_$module; done"
    )


def test_the_stack_waits_for_the_storage_only_if_there_is_any() -> None:
    drop_in = "/etc/systemd/system/drawbridge.service.d/storage.conf"
    with_storage = files(cloud_init.render(MACHINE, VALUES, TEMPLATES))
    without = files(cloud_init.render(replace(MACHINE, storage=()), VALUES, TEMPLATES))
    assert with_storage[drop_in]["content"] == (
        "[Unit]\nAfter=srv-drawbridge-storage.mount\n[Service]\n"
        "ExecStartPre=/bin/sh -c 'mountpoint -q /srv/drawbridge/storage || timeout 60 mount /srv/drawbridge/storage'\n"
    )
    assert with_storage.keys() - without.keys() == {drop_in}


def test_the_unit_has_the_stacks_own_times() -> None:
    unit = files(cloud_init.render(MACHINE, VALUES, TEMPLATES))["/etc/systemd/system/drawbridge.service"][
        "content"
    ]
    assert "TimeoutStartSec=900\nTimeoutStopSec=120\n" in unit
