"""What goes wrong at boot, made to go wrong for real: one clear line, a signal for the group, and no half-open service.

The table in docs/boot.md has a line for each test here.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from .example import Example, example
from .life import WATCHED, visits, world
from .machine import Machine, machine, wait_for
from .outside import Outside

pytestmark = pytest.mark.faults
# Faults that do not pass are waited for: for minutes in life, for seconds here.
IMPATIENT = {"DRAWBRIDGE_PATIENCE": "6"}


@contextmanager
def booting(which: Example, **options: Any) -> Iterator[tuple[Machine, Outside]]:
    """A machine about to boot, and its outside."""
    with world(which) as (outside, share):
        storage = options.pop("share", share)
        with machine(outside, which.user_data, share=storage, environment=IMPATIENT, **options) as here:
            yield here, outside


def failure(here: Machine, seconds: float = 240) -> str:
    """The one line that a failed boot ends in; cloud-init has it among its errors too."""
    here.start()
    result = here.cloud_init(seconds)
    assert any("scripts-user" in error for error in result["errors"]), result
    (line,) = [line for line in here.said() if "FAILED" in line]
    return line.removeprefix("drawbridge: FAILED at ")


def assert_closed(here: Machine, outside: Outside, step: str) -> None:
    """Abandoned, told of with the log, and nothing serves: no connector has ever come, no container runs."""
    assert outside.told(here.instance) == [("ready", "ABANDON")]
    assert outside.called("CreateTags") == []
    assert (outside.edge.hellos, outside.edge.connectors()) == ([], set())
    assert here.try_("docker", "ps", "-q").stdout == ""
    assert here.try_("systemctl", "is-enabled", "drawbridge.service").stdout.strip() != "enabled"
    boot_log = outside.logged()[f"boot/{here.instance}"]
    assert boot_log[-1] == f"boot failed at {step}"
    assert any("drawbridge: FAILED at" in line for line in boot_log)
    assert (outside.version_one, outside.strangers) == ([], [])


def test_a_denied_parameter() -> None:
    with booting(example("image2model")) as (here, outside):
        outside.fail["GetParameter"] = "AccessDeniedException"
        line = failure(here)
        assert line.startswith(
            "secrets: parameter /drawbridge/drawbridge-prod/ADMIN_API_KEY:1 cannot be read: "
        )
        assert "AccessDeniedException" in line
        assert_closed(here, outside, "secrets")


def test_a_registry_that_refuses() -> None:
    with booting(example("maycast-recorder")) as (here, outside):
        outside.fail["ghcr.io"] = 503
        line = failure(here)
        assert line.startswith("images: cannot be pulled: ")
        assert "503" in line or "Service Unavailable" in line or "not now" in line
        assert_closed(here, outside, "images")


def test_a_login_that_is_refused() -> None:
    with booting(example("image2model")) as (here, outside):
        outside.logins["ghcr.io"] = ("image2model-bot", "another password")
        line = failure(here)
        assert line.startswith("images: ghcr.io refuses the login: ")
        assert "canary" not in "\n".join(here.log())
        assert_closed(here, outside, "images")


def test_an_image_that_is_missing() -> None:
    with booting(example("maycast-recorder")) as (here, outside):
        del outside.registry.manifests["ghcr.io/maycast/recorder-server:v1.4.0"]
        line = failure(here)
        # Compose gives up the others with it, so they are named too.
        assert (
            line.startswith("images: cannot be pulled: ") and "ghcr.io/maycast/recorder-server:v1.4.0" in line
        )
        assert line.endswith("manifest unknown")
        assert_closed(here, outside, "images")


def test_a_database_that_cannot_be_reached() -> None:
    with booting(example("image2model")) as (here, outside):
        outside.stop_database()
        line = failure(here)
        assert line.startswith(
            "database: the database prod.c1a2b3.ap-northeast-1.rds.amazonaws.com cannot be reached: "
        )
        assert "refused" in line
        assert_closed(here, outside, "database")


def test_a_database_with_a_strangers_certificate() -> None:
    with booting(example("image2model")) as (here, outside):
        outside.ca_bundle = (here.lower / "etc/ssl/certs/ca-certificates.crt").read_bytes()
        line = failure(here)
        assert "certificate verify failed" in line
        assert_closed(here, outside, "database")


def test_a_full_disk() -> None:
    """Room for the system's own writing, none for the images: the disk is one, as on EC2."""
    with booting(example("maycast-recorder"), disk_mib=60) as (here, outside):
        line = failure(here)
        assert line.startswith("images: cannot be pulled: ")
        assert "no space left on device" in line
        assert_closed(here, outside, "images")


def test_a_file_system_that_cannot_be_mounted() -> None:
    which = example("maycast-recorder")
    # What it tries, in seconds instead of minutes: ten tries with 5 to 60 seconds between them are bounded by the launch's own end.
    short = shorter(which, 190)
    with booting(short, share=None) as (here, outside):
        line = failure(here)
        assert line == "storage: not done after 70 seconds"
        assert any("Connection timed out" in said for said in here.log())
        assert_closed(here, outside, "storage")
        # And no container will ever write to the bare folder.
        assert here.try_("touch", "/srv/drawbridge/storage/x").returncode != 0


def shorter(which: Example, seconds: int) -> Example:
    """The same user-data from a stack file whose machines have less time to boot."""
    made = example(which.name, host={"bootTimeout": f"{seconds}s"})
    return replace(made, name=which.name)


def test_a_service_that_never_gets_healthy_keeps_the_connector_out() -> None:
    short = shorter(example("maycast-recorder"), 200)
    with booting(short) as (here, outside):
        # The server's image does nothing: its port stays closed.
        for name, manifest in list(outside.registry.manifests.items()):
            if "recorder-server" in name:
                config = json.loads(manifest)["config"]["digest"]
                blob = outside.registry.blobs[config]
                assert isinstance(blob, bytes)  # layers alone lie in files
                changed = json.loads(blob)
                changed["config"]["Cmd"] = ["sleep", "1000"]
                outside.replace_config(name, changed)
        line = failure(here)
        assert line == "stack: the stack does not start; see: journalctl -u drawbridge"
        assert any(said.startswith("drawbridge: ") and "server is" in said for said in here.said())
        assert_closed(here, outside, "stack")


def test_a_service_behind_no_route_that_is_not_well_closes_the_door_again() -> None:
    """The routed services are healthy, so the connector joins; the machine is given up all the same, and closes first."""
    short = shorter(example("image2model"), 200)
    broken = short.file("/opt/drawbridge/app/compose.yaml")
    assert "redis" in broken
    with booting(short) as (here, outside):
        here.start()
        wait_for("the connector joins", outside.edge.connectors, 150)
        # From now on a service that no route needs does not stay up.
        here.run("sh", "-c", "docker update --restart no app-redis-1 && docker kill app-redis-1")
        here.cloud_init(240)
        if outside.told(here.instance) == [("ready", "CONTINUE")]:
            pytest.skip("the machine was ready before the service could be stopped")
        (line,) = [line for line in here.said() if "FAILED" in line]
        assert "redis is exited" in line
        assert outside.told(here.instance) == [("ready", "ABANDON")]
        wait_for("the connector has left", lambda: not outside.edge.connectors(), 10)
        assert here.try_("docker", "ps", "-q").stdout == ""


# -- the package mirror: machines that have yet to install everything


def test_a_mirror_that_is_down_for_a_while_is_waited_for() -> None:
    with booting(example("maycast-recorder"), root="bare") as (here, outside):
        outside.fail["mirror"] = 503
        here.start()
        wait_for("two tries", lambda: [line for line in here.said() if "try 2 of 6 failed" in line], 120)
        del outside.fail["mirror"]
        assert here.cloud_init(240)["errors"] == []
        assert here.said()[-1] == "drawbridge: READY"
        assert outside.told(here.instance) == [("ready", "CONTINUE")]


def test_a_mirror_that_stays_down() -> None:
    """boto3 comes from that mirror, and the group is told all the same."""
    with booting(example("maycast-recorder"), root="bare") as (here, outside):
        outside.fail["mirror"] = 503
        line = failure(here, 420)
        assert line.startswith(
            "packages: the package mirror does not answer or lacks one of: docker.io docker-compose-v2 "
        )
        assert_closed(here, outside, "packages")


# -- boots that lose their power


MOMENTS = ["first", "packages", "storage", "secrets", "images", "stack", "ready"]


@pytest.fixture(scope="module")
def undisturbed() -> tuple[dict[str, str], set[str]]:
    """What a boot without interruption ends in."""
    with booting(example("maycast-recorder"), root="bare") as (here, _):
        here.start()
        assert here.cloud_init(240)["errors"] == []
        return ending(here)


def ending(here: Machine) -> tuple[dict[str, str], set[str]]:
    here.healthy()
    files = here.modes(*WATCHED)
    return {p: line for p, line in files.items() if not p.endswith("/launched")}, set(here.containers())


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_boot_cut_off_and_started_again_ends_the_same(moment: str, undisturbed: Any) -> None:
    root = "bare" if moment == "packages" else "ready"
    with booting(example("maycast-recorder"), root=root) as (here, outside):
        here.start()
        if moment == "first":  # before any of cloud-init's modules has written anything
            wait_for(
                "cloud-init",
                lambda: "running 'init'" in here.read("/var/log/cloud-init-output.log"),
                60,
                0.02,
            )
        else:
            wait_for(moment, lambda: f"drawbridge: STEP {moment}" in here.said(), 120, 0.02)
            if moment == "packages":  # in the middle of setting them up
                wait_for(
                    "dpkg",
                    lambda: any(line.startswith("Setting up containerd") for line in here.log()),
                    120,
                    0.02,
                )
            elif moment in ("images", "stack"):
                time.sleep(2)
        here.cut()
        outside.edge.hellos.clear()
        here.start()
        assert here.cloud_init(240)["errors"] == []
        files, containers = ending(here)
        expected_files, expected_containers = undisturbed
        assert (files, containers) == (expected_files, expected_containers)
        assert here.said()[-1] == "drawbridge: READY"
        assert outside.told(here.instance) == [("ready", "CONTINUE")]
        wait_for("the connector", outside.edge.connectors, 30)


def test_a_file_system_that_is_away_at_a_reboot_is_waited_for() -> None:
    with booting(example("maycast-recorder")) as (here, outside):
        here.start()
        assert here.cloud_init()["errors"] == []
        assert here.share
        here.run("systemctl", "reboot", "--no-block")
        assert here.ended(90) == "reboot"
        (here.share / "export").rename(here.share / "away")
        here.start()
        here.cloud_init()
        time.sleep(5)
        assert here.try_("docker", "ps", "-q").stdout == ""
        assert outside.edge.connectors() == set()
        (here.share / "away").rename(here.share / "export")
        here.healthy(90)
        wait_for("the connector", outside.edge.connectors, 30)


# -- Docker's daemon, on a machine that serves


class Visitor:
    """Asks for a page four times a second, and keeps every answer's status."""

    def __init__(self, which: Example, outside: Outside) -> None:
        self.host, self.path = visits(which)[-1]
        self.outside, self.over = outside, threading.Event()
        self.answers: list[int] = []
        self.thread = threading.Thread(target=self._visit, daemon=True)

    def _visit(self) -> None:
        while not self.over.wait(0.25):
            self.answers.append(self.outside.edge.request(self.host, self.path, wait=2).status)

    def __enter__(self) -> Visitor:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join(30)

    @property
    def refused(self) -> int:
        return sum(status != 200 for status in self.answers)


@pytest.fixture(scope="module")
def serving() -> Iterator[tuple[Machine, Outside, Example]]:
    which = example("maycast-recorder")
    with booting(which) as (here, outside):
        here.start()
        assert here.cloud_init()["errors"] == [], here.log()[-20:]
        here.healthy()
        wait_for("the connector", outside.edge.connectors, 30)
        yield here, outside, which


DOCKER_EVENTS = {
    "restarted": ["systemctl restart docker"],
    "killed": ["kill -9 $(pidof dockerd)"],
    "stopped and started": ["systemctl stop docker docker.socket", "systemctl start docker"],
}


@pytest.mark.parametrize("event", DOCKER_EVENTS)
def test_containers_go_on_without_dockers_daemon(
    event: str, serving: tuple[Machine, Outside, Example]
) -> None:
    here, outside, which = serving
    before = {name: container["Id"] for name, container in here.containers().items()}
    with Visitor(which, outside) as visitor:
        for command in DOCKER_EVENTS[event]:
            here.run("sh", "-c", command)
            time.sleep(3)
        wait_for("Docker answers", lambda: here.try_("docker", "info", seconds=10).returncode == 0, 60)
        here.healthy()
        time.sleep(3)
    assert {name: container["Id"] for name, container in here.containers().items()} == before
    assert here.run("systemctl", "is-active", "docker", "drawbridge").split() == ["active", "active"]
    assert len(visitor.answers) > 20
    print(f"Docker {event}: {visitor.refused} of {len(visitor.answers)} requests refused")
    assert visitor.refused <= 1


def test_a_lock_that_the_systems_own_upgrades_hold_is_waited_for() -> None:
    """As long as all tries of the package mirror together, and longer."""
    with booting(example("maycast-recorder"), root="bare") as (here, outside):
        here.write("etc/systemd/system/holder.service", HOLDER)
        here.link(
            "etc/systemd/system/sysinit.target.wants/holder.service", "/etc/systemd/system/holder.service"
        )
        here.start()
        assert here.cloud_init(420)["errors"] == []
        assert here.said()[-1] == "drawbridge: READY"
        waited = [line for line in here.said() if "dpkg is locked by another process" in line]
        assert len(waited) > 25, waited
        assert outside.told(here.instance) == [("ready", "CONTINUE")]


# What unattended-upgrades does, at length: both of dpkg's locks, for 150 seconds from the first boot on.
HOLDER = """[Unit]
DefaultDependencies=no
After=local-fs.target
Before=cloud-final.service
[Service]
ExecStart=/usr/bin/python3 -c "import fcntl, time; held = [open(f'/var/lib/dpkg/{n}', 'w') for n in ('lock-frontend', 'lock')]; [fcntl.lockf(f, fcntl.LOCK_EX) for f in held]; time.sleep(150)"
"""


def test_docker_compose_typed_on_the_machine_is_the_stacks_own(
    serving: tuple[Machine, Outside, Example],
) -> None:
    here, _, _ = serving
    typed = "cd /opt/drawbridge/app && docker compose"
    assert set(here.run("sh", "-c", f"{typed} ps --services").split()) == set(here.containers())
    volumes = here.run("docker", "volume", "ls", "-q").split()
    here.run("sh", "-c", f"{typed} run --rm -T server sh -c 'echo typed >/app/recordings-data/typed'")
    assert here.share
    assert (here.share / "export/recordings-data/typed").read_text() == "typed\n"
    assert here.run("docker", "volume", "ls", "-q").split() == volumes
