"""The machine's own program, run as it stands, against doubles of AWS and Docker."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machine.agent import Machine, container
from tests.machine.double import double


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with double() as cloud:
        yield Machine(tmp_path, cloud)


def test_secrets_are_fetched_at_their_pinned_versions_into_a_file_of_roots(machine: Machine) -> None:
    machine.facts(parameters={"A": "/x/A:3", "TUNNEL_TOKEN": "/x/T:1"})
    machine.cloud.parameters = {"/x/A:3": "canary-a", "/x/T:1": "canary-t"}
    done = machine.run("secrets")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text, mode = machine.file("etc/drawbridge/secrets.json")
    assert (json.loads(text), mode) == ({"A": "canary-a", "TUNNEL_TOKEN": "canary-t"}, 0o600)
    assert [(a, c["Name"], c["WithDecryption"]) for a, c in machine.cloud.calls] == [
        ("GetParameter", "/x/A:3", True),
        ("GetParameter", "/x/T:1", True),
    ]


def test_a_denied_parameter_ends_in_one_clear_line(machine: Machine) -> None:
    machine.facts(parameters={"A": "/x/A:3"})
    machine.cloud.fail["GetParameter"] = ["AccessDeniedException"] * 9
    done = machine.run("secrets")
    assert done.returncode == 1
    # Ubuntu's older boto3 has no class of its own for this error.
    line = r"drawbridge: parameter /x/A:3 cannot be read: (AccessDeniedException|ClientError): .*\(AccessDeniedException\).*\n"
    assert re.fullmatch(line, done.stderr)
    assert not (machine.root / "etc/drawbridge/secrets.json").exists()


@pytest.mark.slow
def test_a_denial_that_passes_is_waited_for(machine: Machine) -> None:
    machine.facts(parameters={"A": "/x/A:3"})
    machine.cloud.parameters["/x/A:3"] = "v"
    machine.cloud.fail["GetParameter"] = ["AccessDeniedException"]
    assert machine.run("secrets", DRAWBRIDGE_PATIENCE="10").returncode == 0
    assert len(machine.cloud.calls) == 2


def test_variables_and_token_go_to_files_that_only_their_readers_read(machine: Machine) -> None:
    machine.facts()
    machine.secrets(KEY='q"$\\', TUNNEL_TOKEN="tok")
    assert machine.run("env").returncode == 0
    assert machine.file("opt/drawbridge/app/.env") == ('KEY="q\\"\\$\\\\"\nPLAIN="a b"\n', 0o600)
    assert machine.file("etc/drawbridge/tunnel-token") == ("tok", 0o400)
    if os.geteuid() == 0:
        assert (machine.root / "etc/drawbridge/tunnel-token").stat().st_uid == 65532


def test_a_password_for_docker_alone_is_not_among_the_apps_variables(machine: Machine) -> None:
    machine.facts(withheld=["PULL"])
    machine.secrets(KEY="k", PULL="canary-pull", TUNNEL_TOKEN="tok")
    assert machine.run("env").returncode == 0
    assert machine.file("opt/drawbridge/app/.env")[0] == 'KEY="k"\nPLAIN="a b"\n'


def test_without_a_token_nothing_is_written(machine: Machine) -> None:
    machine.facts()
    machine.secrets(KEY="x")
    done = machine.run("env")
    assert (done.returncode, done.stderr) == (1, "drawbridge: TUNNEL_TOKEN is missing among the secrets\n")
    assert not (machine.root / "opt/drawbridge/app/.env").exists()


def test_a_registrys_password_is_never_an_argument(machine: Machine) -> None:
    machine.facts(
        registries=[{"server": "ghcr.io", "username": "bot", "password": "PW"}, {"server": "1.dkr.ecr.aws"}]
    )
    machine.secrets(PW="canary-pw")
    machine.docker()
    assert machine.run("login").returncode == 0
    assert machine.argv() == ["docker login --username bot --password-stdin ghcr.io"]
    assert (machine.root / "stdin").read_text() == "canary-pw"


def test_a_healthy_machine_tags_itself_and_completes_its_hook(machine: Machine) -> None:
    machine.facts()
    machine.docker(
        container("web"), container("worker", health=None), container("migrate", "exited", None, 0, "no")
    )
    done = machine.run("ready", "5")
    assert (done.returncode, done.stderr) == (0, "")
    (tag, hook) = machine.cloud.calls
    assert tag == (
        "CreateTags",
        {"ResourceId.1": "i-0123456789abcdef0", "Tag.1.Key": "drawbridge:ready", "Tag.1.Value": "true"},
    )
    assert hook == (
        "CompleteLifecycleAction",
        {
            "AutoScalingGroupName": "drawbridge-prod-host-group-1a2b3c4",
            "LifecycleHookName": "ready",
            "InstanceId": "i-0123456789abcdef0",
            "LifecycleActionResult": "CONTINUE",
        },
    )


@pytest.mark.parametrize(
    "sick, why",
    [
        (container("web", health="starting"), "web is starting"),
        (container("web", health="unhealthy"), "web is unhealthy"),
        (container("web", "restarting", None, 1), "web is restarting (exit code 1)"),
        (container("migrate", "exited", None, 1, "no"), "migrate is exited (exit code 1)"),
        (container("web", "exited", None, 0, "always"), "web is exited (exit code 0)"),
    ],
)
def test_a_machine_that_is_not_well_says_why_and_signals_nothing(
    machine: Machine, sick: dict[str, Any], why: str
) -> None:
    machine.facts()
    machine.docker(container("api"), sick)
    done = machine.run("ready", "0")
    assert (done.returncode, done.stderr) == (1, f"drawbridge: still waiting: {why}\n")
    assert machine.cloud.calls == []


@pytest.mark.slow
@pytest.mark.parametrize("restart", ["", "no", "on-failure"])
def test_what_ended_well_and_is_not_to_be_restarted_has_done_its_work(machine: Machine, restart: str) -> None:
    machine.facts(launch_hook=None)
    machine.docker(container("web"), container("migrate", "exited", None, 0, restart))
    done = machine.run("ready", "5")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_a_container_that_runs_for_a_moment_between_two_restarts_is_not_well(machine: Machine) -> None:
    machine.facts()
    machine.docker(container("worker", health=None))
    # Each look finds it running, and once more restarted.
    count = machine.root / "count"
    machine.tool(
        "docker",
        f"""[ "$1" = ps ] && echo id && exit
            echo x >> {count}; sed 's/"RestartCount": 0/"RestartCount": '$(wc -l < {count})/ {machine.root}/inspect.json""",
    )
    done = machine.run("ready", "0.5")
    assert (done.returncode, done.stderr) == (
        1,
        "drawbridge: still waiting: containers restart again and again\n",
    )
    assert machine.cloud.calls == []


@pytest.mark.slow
def test_a_launch_that_is_over_is_neither_completed_nor_abandoned_again(machine: Machine) -> None:
    machine.facts()
    machine.docker(container("web"))
    assert machine.run("ready", "5").returncode == 0
    machine.cloud.calls.clear()
    # There is no hook left to complete: AWS would refuse for as long as one asks.
    machine.cloud.fail["CompleteLifecycleAction"] = ["ValidationError"] * 99
    assert machine.run("ready", "5").returncode == 0
    assert machine.run("abandon", "images").returncode == 0
    assert [action for action, _ in machine.cloud.calls] == ["CreateTags"]


@pytest.mark.slow
def test_another_instance_made_from_this_ones_disk_completes_its_own_launch(machine: Machine) -> None:
    machine.facts()
    machine.docker(container("web"))
    assert machine.run("ready", "5").returncode == 0
    machine.cloud.metadata["instance-id"] = "i-0another"
    assert machine.run("ready", "5").returncode == 0
    assert machine.cloud.calls[-1][1]["InstanceId"] == "i-0another"


def test_no_container_at_all_is_not_health(machine: Machine) -> None:
    machine.facts()
    machine.docker()
    assert machine.run("ready", "0").stderr == "drawbridge: still waiting: no container runs\n"


@pytest.mark.slow
def test_the_hook_is_tried_again_while_the_instance_is_still_pending(machine: Machine) -> None:
    machine.facts()
    machine.docker(container("web"))
    machine.cloud.fail["CompleteLifecycleAction"] = ["ValidationError"]
    assert machine.run("ready", "5", DRAWBRIDGE_PATIENCE="10").returncode == 0
    assert [action for action, _ in machine.cloud.calls] == [
        "CreateTags",
        "CompleteLifecycleAction",
        "CompleteLifecycleAction",
    ]


def test_without_a_hook_the_tag_is_all(machine: Machine) -> None:
    machine.facts(launch_hook=None)
    machine.docker(container("web"))
    assert machine.run("ready", "5").returncode == 0
    assert [action for action, _ in machine.cloud.calls] == ["CreateTags"]


def test_a_failed_boot_ships_its_log_and_abandons_the_launch(machine: Machine) -> None:
    machine.facts(log_group="logs")
    (machine.root / "var/log/cloud-init-output.log").write_text(
        "drawbridge: STEP images\ndrawbridge: FAILED at images: no\n"
    )
    assert machine.run("abandon", "images").returncode == 0
    actions = dict(machine.cloud.calls)
    assert [a for a, _ in machine.cloud.calls] == [
        "CreateLogStream",
        "PutLogEvents",
        "CompleteLifecycleAction",
    ]
    assert [event["message"] for event in actions["PutLogEvents"]["logEvents"]] == [
        "drawbridge: STEP images",
        "drawbridge: FAILED at images: no",
        "boot failed at images",
    ]
    assert actions["CompleteLifecycleAction"]["LifecycleActionResult"] == "ABANDON"


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_without_boto3_the_group_is_told_and_the_log_is_shipped_all_the_same(machine: Machine) -> None:
    """The mirror that failed is where boto3 comes from."""
    machine.facts(log_group="logs")
    line = 'drawbridge: FAILED at packages: "quoted" \\ back, ünicode, @start\ttab'
    (machine.root / "var/log/cloud-init-output.log").write_text("@first\n" + line + "\n")
    (machine.root / "boto3.py").write_text("raise ImportError('No module named boto3')\n")
    keys = {"AccessKeyId": "AKIATEST", "SecretAccessKey": "canary/secret+key", "Token": "canary-token"}
    machine.cloud.metadata |= {
        "iam/security-credentials/": "role",
        "iam/security-credentials/role": json.dumps(keys),
    }
    machine.tool("curl", f'echo "curl $*" >> {machine.root}/argv; exec {shutil.which("curl")} "$@"')
    machine.cloud.fail["CreateLogStream"] = ["ResourceAlreadyExistsException"]
    done = machine.run("abandon", "packages", PYTHONPATH=str(machine.root))
    assert (done.returncode, done.stderr) == (0, "")
    actions = dict(machine.cloud.calls)
    assert [event["message"] for event in actions["PutLogEvents"]["logEvents"]] == [
        "@first",
        line,
        "boot failed at packages",
    ]
    assert actions["CompleteLifecycleAction"] == {
        "AutoScalingGroupName": "drawbridge-prod-host-group-1a2b3c4",
        "LifecycleHookName": "ready",
        "InstanceId": "i-0123456789abcdef0",
        "LifecycleActionResult": "ABANDON",
    }
    assert [line for line in machine.argv() if "canary" in line] == []


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_without_boto3_a_refusal_is_tried_again(machine: Machine) -> None:
    machine.facts()
    (machine.root / "boto3.py").write_text("raise ImportError('No module named boto3')\n")
    keys = {"AccessKeyId": "AKIATEST", "SecretAccessKey": "s", "Token": "t"}
    machine.cloud.metadata |= {
        "iam/security-credentials/": "role",
        "iam/security-credentials/role": json.dumps(keys),
    }
    machine.cloud.fail["CompleteLifecycleAction"] = ["ValidationError"]
    done = machine.run("abandon", "packages", PYTHONPATH=str(machine.root), DRAWBRIDGE_PATIENCE="10")
    assert (done.returncode, [action for action, _ in machine.cloud.calls]) == (
        0,
        ["CompleteLifecycleAction"] * 2,
    )


def test_a_log_that_cannot_be_shipped_does_not_keep_the_launch_from_being_abandoned(machine: Machine) -> None:
    machine.facts(log_group="logs")
    (machine.root / "var/log/cloud-init-output.log").write_text("x\n")
    machine.cloud.fail["CreateLogStream"] = ["AccessDeniedException"] * 9
    assert machine.run("abandon", "images").returncode == 0
    assert machine.cloud.calls[-1][1]["LifecycleActionResult"] == "ABANDON"


def test_a_machine_whose_end_is_near_stops_its_stack_and_lets_the_group_go_on(machine: Machine) -> None:
    machine.facts()
    machine.tool("systemctl", f'echo "systemctl $*" >> {machine.root}/argv')
    machine.cloud.metadata["autoscaling/target-lifecycle-state"] = "Terminated"
    assert machine.run("watch").returncode == 0
    assert machine.argv() == ["systemctl stop drawbridge.service"]
    ((action, arguments),) = machine.cloud.calls
    assert (action, arguments["LifecycleHookName"], arguments["LifecycleActionResult"]) == (
        "CompleteLifecycleAction",
        "drain",
        "CONTINUE",
    )


def test_disk_and_memory_figures_are_put_under_the_stacks_name(machine: Machine) -> None:
    machine.facts()
    done = machine.run("metrics")
    assert (done.returncode, done.stderr) == (0, "")
    ((action, arguments),) = machine.cloud.calls
    assert action == "PutMetricData"
    assert all(
        word in str(arguments) for word in ("DiskUsedPercent", "MemoryUsedPercent", "drawbridge-prod-host")
    )


def test_an_unknown_command_lists_the_known_ones(machine: Machine) -> None:
    assert (
        machine.run("dance").stderr
        == "drawbridge: commands: secrets env database login once states ready abandon watch metrics\n"
    )


COMPOSE_RUN = "docker compose --project-name app -f compose.yaml -f compose.override.yaml run --rm -T"
ONE_OFFS = "docker ps -aq --filter label=com.docker.compose.project=app --filter label=com.docker.compose.oneoff=True"


def test_what_runs_once_runs_in_its_order_after_a_cut_off_boots_rest_is_gone(machine: Machine) -> None:
    machine.facts(once=["migrate", "seed"], database=None, efs="")
    machine.docker(container("migrate"))
    done = machine.run("once", "60")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "drawbridge: migrate runs\ndrawbridge: seed runs\n"
    assert machine.argv() == [ONE_OFFS, "docker rm -f id", f"{COMPOSE_RUN} migrate", f"{COMPOSE_RUN} seed"]


def test_without_anything_to_run_once_docker_is_not_asked(machine: Machine) -> None:
    machine.facts(once=[])
    assert machine.run("once", "60").returncode == 0
    assert machine.argv() == []


def test_a_failed_migration_ends_the_boot_with_its_exit_code_and_runs_nothing_more(machine: Machine) -> None:
    machine.facts(once=["migrate", "seed"], database=None, efs="")
    machine.tool(
        "docker", 'case "$*" in *migrate) echo "column is missing"; exit 3;; *seed) echo seeded;; esac'
    )
    done = machine.run("once", "60")
    assert (done.returncode, done.stdout) == (1, "drawbridge: migrate runs\ncolumn is missing\n")
    assert done.stderr == "drawbridge: migrate ended with exit code 3; its own lines stand above\n"
    assert (
        machine.file("run/drawbridge-why")[0] == "migrate ended with exit code 3; its own lines stand above"
    )


@pytest.mark.slow
def test_a_migration_that_does_not_end_is_ended_with_its_container(machine: Machine) -> None:
    machine.facts(once=["migrate"], database=None, efs="")
    body = (
        f'echo "docker $*" >> {machine.root}/argv; case "$1" in ps) echo left;; compose) exec sleep 30;; esac'
    )
    machine.tool("docker", body)
    done = machine.run("once", "1")
    assert (done.returncode, done.stderr) == (1, "drawbridge: migrate does not end in time\n")
    assert machine.argv()[-2:] == [ONE_OFFS, "docker rm -f left"]


def test_two_machines_on_one_file_system_take_turns(machine: Machine) -> None:
    """The second waits for the first one's lock, and gives up with a reason when its time is over."""
    machine.facts(once=["migrate"], database=None, efs="fs-1.efs.aws")
    (machine.root / "srv/drawbridge/storage").mkdir(parents=True)
    machine.docker()
    with open(machine.root / "srv/drawbridge/storage/.once", "a") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        done = machine.run("once", "0.3")
        assert (done.returncode, done.stderr) == (
            1,
            "drawbridge: another machine still runs what runs once\n",
        )
        assert machine.argv() == []
    assert machine.run("once", "60").returncode == 0
    assert machine.argv()[-1] == f"{COMPOSE_RUN} migrate"
