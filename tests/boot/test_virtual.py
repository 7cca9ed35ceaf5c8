"""The life of test_life.py in a machine with a kernel of its own, and what only such a machine shows: AppArmor, limits, disks, NFS.

The first half are test_life.py's own tests, over a life that was lived in QEMU.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.evaluations import example_file

from . import test_life
from .example import example
from .life import LIFE, Life, Stage, first_boot, live, visits
from .machine import wait_for
from .outside import Outside
from .virtual import DISK_GIB, VirtualMachine, missing

pytestmark = [pytest.mark.vm, pytest.mark.skipif(missing() is not None, reason=missing() or "")]
globals().update({name: test for name, test in vars(test_life).items() if name.startswith("test_")})

EXAMPLE = "image2model"  # a database, files, parameters, a login, alerts: all there is
LIMITED = "maycast-recorder"
# What tests/boot/limits/compose.yaml asks for, as control groups have it; a service that names no limit has none.
LIMITS = {
    "nginx": {"memory.max": str(96 << 20), "cpu.max": "75000 100000", "pids.max": "40"},
    "server": {
        "memory.max": str(128 << 20),
        "memory.swap.max": "0",
        "cpu.max": "150000 100000",
        "pids.max": "60",
    },
    "web-client": {"memory.max": "max", "cpu.max": "max 100000"},
}
# docker-default denies every mount, without a word, and a look into a process that it does not confine, which the kernel logs.
# No capability helps.
MOUNT = ["--rm", "--cap-add", "SYS_ADMIN", "--entrypoint", "busybox"]
LOOK = ["--rm", "--pid", "host", "--cap-add", "SYS_PTRACE", "--entrypoint", "busybox"]


def look_deeper(life: Life, outside: Outside, here: VirtualMachine, share: Path) -> None:
    """What the namespace machine has not: its kernel, its disks, its confinement."""
    seen = life.seen
    (ready,) = [
        line
        for line in here.run("journalctl", "-b", "--output=short-monotonic").splitlines()
        if line.endswith("drawbridge: READY")
    ]
    life.seconds["ready by its own clock"] = float(ready.strip("[ ").partition("]")[0])
    seen["kernel"] = (here.run("uname", "-r").strip(), os.uname().release)
    seen["root disk"] = json.loads(
        here.run("findmnt", "--json", "--bytes", "--output", "SOURCE,FSTYPE,SIZE", "/")
    )["filesystems"]
    storage = here.try_(
        "findmnt", "--json", "--output", "SOURCE,FSTYPE,OPTIONS", "/srv/drawbridge/storage"
    ).stdout
    seen["storage"] = json.loads(storage)["filesystems"] if storage else []
    seen["confined"] = {
        name: here.run("cat", f"/proc/{container['State']['Pid']}/attr/current").strip()
        for name, container in here.containers().items()
        if container["State"]["Running"]
    }
    seen["denied"] = denied(here)
    image = here.containers()["nginx"]["Config"]["Image"]
    seen["mounts"] = [
        here.try_("docker", "run", *MOUNT, *option, image, "mount", "-t", "tmpfs", "none", "/tmp")
        for option in ([], ["--security-opt", "apparmor=unconfined"])
    ]
    here.try_("docker", "run", *LOOK, image, "cat", "/proc/1/environ")
    seen["denied look"] = denied(here)


def denied(here: VirtualMachine) -> list[str]:
    """What AppArmor has denied since power-on."""
    return [
        line
        for line in here.run("journalctl", "-b", "--no-pager").splitlines()
        if 'apparmor="DENIED"' in line
    ]


def group(here: VirtualMachine, container: dict[str, Any]) -> str:
    path = here.run("cat", f"/proc/{container['State']['Pid']}/cgroup").strip().removeprefix("0::")
    return f"/sys/fs/cgroup{path}"


def limits(life: Life, outside: Outside, here: VirtualMachine, share: Path) -> None:
    """The limits of every container, and a service that eats more than its own."""
    found = here.containers()
    life.seen["limits"] = {
        name: {file: here.run("cat", f"{group(here, found[name])}/{file}").strip() for file in wanted}
        for name, wanted in LIMITS.items()
    }
    since = here.run("date", "+%s").strip()
    host, path = visits(life.example)[-1]
    victim = found["server"]
    life.seen["eater"] = outside.edge.request(host, "/api/upload?eat=200")
    wait_for("restarted", lambda: here.containers()["server"]["RestartCount"] > victim["RestartCount"], 30)
    life.seen["meanwhile"] = outside.edge.request(host, path)
    here.healthy()
    life.seen["killed"] = here.run(
        "docker",
        "events",
        "--since",
        since,
        "--until",
        here.run("date", "+%s").strip(),
        "--filter",
        "event=oom",
        "--filter",
        "event=die",
        "--format",
        "{{.Action}} {{.Actor.Attributes.name}}",
    ).split("\n")
    life.seen["eaten up"] = (
        victim["Id"],
        here.containers()["server"]["Id"],
        outside.edge.request(host, "/api/upload"),
    )
    spawn = "n=0; while [ $n -lt 80 ]; do sleep 3 & n=$((n + 1)); done; wait"
    life.seen["forks"] = here.try_("docker", "exec", "app-server-1", "sh", "-c", spawn)
    began = here.clock()
    spin = [
        "docker",
        "exec",
        "app-nginx-1",
        "sh",
        "-c",
        "timeout 10 sh -c 'while :; do :; done' & timeout 10 sh -c 'while :; do :; done' & wait",
    ]
    before = used(here, found["nginx"])
    here.try_(*spin)
    life.seen["processors used"] = (used(here, found["nginx"]) - before) / (here.clock() - began)
    here.healthy()


def used(here: VirtualMachine, container: dict[str, Any]) -> float:
    """Seconds of processor that a container used."""
    return int(here.run("cat", f"{group(here, container)}/cpu.stat").split()[1]) / 1e6


STAGES: tuple[Stage, ...] = (*LIFE[:2], look_deeper, *LIFE[2:])


@pytest.fixture(scope="module")
def life() -> Life:
    return live(example(EXAMPLE), VirtualMachine, STAGES)


@pytest.fixture(scope="module")
def limited() -> Life:
    app = yaml.safe_load(example_file(LIMITED).read_text())["config"]["drawbridge:app"]
    changed = example(LIMITED, app={**app, "compose": "tests/boot/limits/compose.yaml"})
    return live(changed, VirtualMachine, (first_boot, limits))


def test_kernel_and_disk_are_the_machines_own(life: Life) -> None:
    own, hosts = life["kernel"]
    assert own != hosts
    (root,) = life["root disk"]
    assert (root["source"], root["fstype"]) == ("/dev/vda1", "ext4")
    # cloud-init made the file system as large as the volume; some of it is the file system's own.
    assert 0.95 * (DISK_GIB << 30) < root["size"] < DISK_GIB << 30


def test_lasting_volumes_are_on_nfs_with_the_options_of_the_user_data(life: Life) -> None:
    (storage,) = life["storage"]
    assert storage["source"] == f"{life.example.facts['efs']}:/"
    assert storage["fstype"] == "nfs4"
    asked = {"vers=4.1", "rsize=1048576", "wsize=1048576", "hard", "timeo=600", "retrans=2", "noresvport"}
    assert asked - set(storage["options"].split(",")) == set()


def test_apparmor_confines_every_container_and_denies_the_app_nothing(life: Life) -> None:
    confined = life["confined"]
    assert confined == dict.fromkeys(confined, "docker-default (enforce)")
    assert confined.keys() == life["containers"].keys() - set(life.example.facts["once"])
    assert life["denied"] == []
    confined_mount, free_mount = life["mounts"]
    assert confined_mount.returncode != 0
    assert [
        'operation="ptrace"' in line and 'profile="docker-default"' in line for line in life["denied look"]
    ] == [True]
    assert free_mount.returncode == 0, free_mount.stderr


def test_a_stack_with_limits_comes_up(limited: Life) -> None:
    assert limited.failed == ""
    assert limited["result"]["errors"] == []
    assert limited["said"][-1] == "drawbridge: READY"


def test_limits_of_the_compose_file_are_the_control_groups(limited: Life) -> None:
    assert limited["limits"] == LIMITS


def test_a_service_that_eats_more_than_its_memory_is_killed_alone_and_comes_back(limited: Life) -> None:
    assert limited["eater"].status in (502, 504)
    assert limited["meanwhile"].status == 200
    assert {line for line in limited["killed"] if line} == {"oom app-server-1", "die app-server-1"}
    before, after, answer = limited["eaten up"]
    assert (before == after, answer.status) == (True, 200)


def test_processes_and_processors_end_where_the_limits_are(limited: Life) -> None:
    assert (
        "Resource temporarily unavailable" in limited["forks"].stderr
        or "can't fork" in limited["forks"].stderr
    )
    assert 0.3 < limited["processors used"] < 0.8
