"""Every command that reaches a machine, over a real sshd; only AWS, its CLI and Docker are stand-ins."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evaluations import ROOT
from tests.machine.postgres import Server, needs_postgres, running

from .machine import INSTANCE, Place, machine, needs_machine

pytestmark = [pytest.mark.slow, needs_machine]
CANARY = "canary-password-5f1d"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with machine(tmp_path_factory.mktemp("machine")) as made:
        project = made.folder / "project"
        project.mkdir()
        (project / "Pulumi.yaml").write_text("name: shop\nruntime: python\n")
        (project / "Pulumi.prod.yaml").write_text("config:\n  aws:region: eu-central-1\n")
        outputs = {"autoScalingGroup": "shop-prod-host-group-1a2b3c4"}
        (project / "outputs.json").write_text(json.dumps(outputs))
        yield made


@pytest.fixture
def calls(place: Place) -> Iterator[Place]:
    """The machine, with no call made yet."""
    (place.docker / "calls").unlink(missing_ok=True)
    (place.folder / "aws.log").unlink(missing_ok=True)
    place.secrets()
    yield place
    # What takes a container away on the machine may end after whoever asked for it, and its calls are no other test's.
    _until(
        lambda: (
            subprocess.run(["pgrep", "-f", "drawbridge-run-"], capture_output=True, check=False).returncode
            == 1
        )
    )


def started(place: Place, *arguments: str, **given: Any) -> subprocess.Popen[str]:
    project = place.folder / "project"
    words = ["--project", str(project), "--outputs", str(project / "outputs.json"), *arguments]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.operate.command", str(place.folder / "authorized"), *words],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{place.bin}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As at a terminal; what a shell runs in the background ignores it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **{"stdin": subprocess.DEVNULL, **given},
    )


def operate(place: Place, *arguments: str, given: str | None = None) -> tuple[int, str, str]:
    process = started(place, *arguments, **({"stdin": subprocess.PIPE} if given is not None else {}))
    out, error = process.communicate(given, timeout=60)
    return process.returncode, out, error


def test_a_command_in_a_service_has_its_output_its_input_and_its_exit_code(calls: Place) -> None:
    assert operate(calls, "exec", "web", "--", "echo", "one two", "$HOME; *") == (0, "one two $HOME; *\n", "")
    assert operate(calls, "exec", "web", "--", "sh", "-c", "exit 7")[0] == 7
    assert operate(calls, "exec", "web", "--", "cat", given="by hand\n") == (0, "by hand\n", "")
    # One tunnel a command, to the machine by its id, and nothing listens here for it.
    assert (
        calls.tunnels()
        == [["ec2-instance-connect", "open-tunnel", "--instance-id", INSTANCE, "--region", "eu-central-1"]]
        * 3
    )


def test_an_unknown_service_is_docker_s_own_error(calls: Place) -> None:
    code, out, error = operate(calls, "exec", "nginx", "--", "true")
    assert (code, out) == (1, "")
    assert "no such service: nginx" in error


def test_a_run_has_a_container_of_its_own_that_is_gone_afterwards(calls: Place) -> None:
    code, out, error = operate(calls, "run", "api", "--", "sh", "-c", "echo migrated; exit 3")
    assert (code, out, error) == (3, "migrated\n", "")
    run, removed = calls.calls()
    assert run[7:11] == ["run", "--rm", "--no-deps", "--name"]
    assert run[12:15] == ["-T", "api", "sh"]
    assert removed == ["rm", "-f", run[11]]
    assert calls.containers() == []


def test_runs_are_alone_unless_they_are_to_be_beside(calls: Place) -> None:
    first = started(calls, "run", "api", "--", "sleep", "60")
    try:
        _until(lambda: len(calls.containers()) == 1)
        code, out, error = operate(calls, "run", "--wait", "1", "api", "--", "echo", "second")
        assert (code, out) == (1, "")
        assert "another machine still runs what runs once" in error
        assert operate(calls, "run", "--beside", "api", "--", "echo", "second")[:2] == (0, "second\n")
    finally:
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=30)
    _until(lambda: calls.containers() == [])


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_killed_client_leaves_no_container(calls: Place, how: signal.Signals) -> None:
    process = started(calls, "run", "api", "--", "sleep", "300")
    _until(lambda: len(calls.containers()) == 1)
    process.send_signal(how)
    process.communicate(timeout=30)
    _until(lambda: calls.containers() == [])


def test_a_killed_ssh_leaves_no_container(calls: Place) -> None:
    process = started(calls, "run", "api", "--", "sleep", "300")
    _until(lambda: len(calls.containers()) == 1)
    listed = subprocess.run(
        ["pgrep", "-P", str(process.pid), "-x", "ssh"], capture_output=True, text=True, check=True
    )
    for child in listed.stdout.split():
        os.kill(int(child), signal.SIGKILL)
    process.communicate(timeout=30)
    _until(lambda: calls.containers() == [])


def test_ps_top_and_restart_are_docker_s_own(calls: Place) -> None:
    assert operate(calls, "ps")[:2] == (0, "ps of app\n")
    assert operate(calls, "top")[:2] == (0, "NAME       CPU %\n")
    assert operate(calls, "restart", "web")[0] == 0
    assert [call[-2:] for call in calls.calls()] == [
        ["ps", "--all"],
        ["stats", "--no-stream"],
        ["restart", "web"],
    ]


def test_logs_come_from_the_machine_where_no_group_keeps_them(calls: Place) -> None:
    assert operate(calls, "logs", "web", "--since", "2h")[:2] == (0, "logs of app\n")
    assert calls.calls()[0][7:] == ["logs", "--timestamps", "--since", "2h", "web"]


def test_files_go_out_and_in(calls: Place, tmp_path: Path) -> None:
    there = calls.docker / "files" / "web"
    (there / "etc").mkdir(exist_ok=True)
    (there / "etc" / "app.conf").write_text("one\n")
    assert operate(calls, "cp", "web:/etc/app.conf", str(tmp_path)) == (0, "", "")
    assert (tmp_path / "app.conf").read_text() == "one\n"
    assert operate(calls, "cp", "web:/etc/app.conf", str(tmp_path / "mine.conf"))[0] == 0
    assert (tmp_path / "mine.conf").read_text() == "one\n"
    assert operate(calls, "cp", "web:/etc", str(tmp_path / "folder"))[0] == 0
    assert (tmp_path / "folder" / "app.conf").read_text() == "one\n"
    (tmp_path / "two").write_text("two\n")
    assert operate(calls, "cp", str(tmp_path / "two"), "web:/etc/") == (0, "", "")
    assert (there / "etc" / "two").read_text() == "two\n"
    assert operate(calls, "cp", str(tmp_path / "two"), "web:/etc/three") == (0, "", "")
    assert (there / "etc" / "three").read_text() == "two\n"
    code, _, error = operate(calls, "cp", "web:/nothing", str(tmp_path))
    assert code == 1 and "cp: web:/nothing cannot be read" in error


def test_what_a_container_packs_cannot_leave_the_folder(calls: Place, tmp_path: Path) -> None:
    there = calls.docker / "files" / "web" / "evil"
    there.mkdir()
    (there / "link").symlink_to("/etc/passwd")
    (tmp_path / "out").mkdir()
    code, _, error = operate(calls, "cp", "web:/evil", str(tmp_path / "out"))
    assert code == 1 and "link" in error
    assert not (tmp_path / "out" / "evil" / "link").exists()


@pytest.fixture(scope="module")
def database() -> Iterator[Server]:
    with running() as server:
        yield server


@needs_postgres
@pytest.mark.skipif(not shutil.which("psql"), reason="needs psql")
def test_psql_reads_over_verified_tls_and_writes_only_when_asked(calls: Place, database: Server) -> None:
    connection = database.connect()
    connection.autocommit = True
    connection.cursor().execute(f"ALTER ROLE master PASSWORD '{CANARY}'")
    connection.close()
    here = {"host": "localhost", "port": database.port, "name": "postgres", "role": "master"}
    ca = (database.folder / "ca.pem").read_text()
    calls.secrets(database=here, password=CANARY, ca=ca)
    query = (
        "SELECT ssl, current_setting('transaction_read_only') FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    )
    code, out, error = operate(calls, "psql", "--", "-Atc", query)
    assert (code, out, error) == (0, "t|on\n", "")
    code, out, error = operate(calls, "psql", "--", "-c", "CREATE ROLE somebody")
    assert code == 1 and "cannot execute CREATE ROLE in a read-only transaction" in error
    assert operate(calls, "psql", "--write", "--", "-c", "CREATE ROLE somebody")[:2] == (0, "CREATE ROLE\n")
    # Another's certificate is not the database's.
    other = database.folder / "server.pem"
    calls.secrets(database=here, password=CANARY, ca=other.read_text())
    code, out, error = operate(calls, "psql", "--", "-c", "SELECT 1")
    assert code == 2 and "certificate verify failed" in error
    # The password is in no command line, and in nothing that was printed.
    assert CANARY not in json.dumps([calls.calls(), calls.tunnels(), out, error])


def test_the_first_line_is_there_soon(calls: Place) -> None:
    times = []
    for _ in range(5):
        start = time.monotonic()
        assert operate(calls, "exec", "web", "--", "echo", "x")[0] == 0
        times.append(time.monotonic() - start)
    assert sorted(times)[2] <= 3 * float(os.environ.get("DRAWBRIDGE_SLOW", "1")), times


def _until(check: Any) -> None:
    for _ in range(300):
        if check():
            return
        time.sleep(0.1)
    raise AssertionError("not in 30 s")
