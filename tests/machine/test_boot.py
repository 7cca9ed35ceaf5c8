"""The boot script, run as it stands below another root, with the real agent and doubles of AWS and of the system's tools."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evaluations import ROOT
from tests.machine.agent import container, impatient
from tests.machine.double import Double, double

pytestmark = pytest.mark.slow

STEPS = ["packages", "storage", "secrets", "certificates", "database", "images", "once", "stack", "ready"]
PARAMETERS = {"KEY": "/p/KEY:2", "PULL": "/p/PULL:1", "TUNNEL_TOKEN": "/p/TUNNEL_TOKEN:5"}
SECRETS = {"KEY": "canary-key", "PULL": "canary-pull", "TUNNEL_TOKEN": "canary-token"}
FACTS: dict[str, Any] = {
    "name": "drawbridge-prod-host",
    "region": "eu-west-1",
    "env": {"PLAIN": "a"},
    "parameters": PARAMETERS,
    "registries": [{"server": "ghcr.io", "username": "bot", "password": "PULL"}],
    "packages": ["docker.io", "docker-compose-v2|docker-compose"],
    "units": ["drawbridge-watch.service"],
    "efs": "fs-1.efs.aws",
    "storage": ["uploads", "media"],
    "database": None,
    "once": [],
    "ca_url": "",
    "log_group": "",
    "launch_hook": "ready",
    "terminate_hook": "drain",
    "boot_seconds": 900,
}


class Machine:
    def __init__(self, root: Path, cloud: Double) -> None:
        self.root, self.cloud = root, cloud
        for folder in (
            "etc/drawbridge",
            "opt/drawbridge/app",
            "opt/drawbridge/bin",
            "srv",
            "var/log",
            "run",
            "bin",
        ):
            (root / folder).mkdir(parents=True)
        (root / "etc/fstab").write_text("LABEL=root / ext4 defaults 0 1\n")
        (root / "inspect.json").write_text(json.dumps([container("web"), container("cloudflared")]))
        cloud.parameters = {reference: SECRETS[name] for name, reference in PARAMETERS.items()}
        agent = root / "opt/drawbridge/bin/drawbridge"
        agent.write_text(
            f'#!/bin/sh\necho "drawbridge $*" >> {root}/argv\nexec {sys.executable} {ROOT}/cloud-init/drawbridge "$@"\n'
        )
        agent.chmod(0o755)
        self.tool(
            "dpkg-query",
            f'for last; do :; done; grep -qx "$last" {root}/installed && echo "install ok installed"',
        )
        self.tool("apt-get", f'case "$*" in *install*) for p; do echo "$p" >> {root}/installed; done;; esac')
        self.tool("mountpoint", f"test -e {root}/mounted")
        self.tool("mount", f"touch {root}/mounted")
        self.tool(
            "docker",
            f'case "$1" in ps) echo id;; inspect) cat {root}/inspect.json;; login) cat >/dev/null;; esac',
        )
        for name in ("systemctl", "chattr", "sleep", "dpkg", "sysctl"):
            self.tool(name, "true")
        (root / "installed").touch()
        self.facts()

    def facts(self, **changes: Any) -> None:
        (self.root / "etc/drawbridge/machine.json").write_text(json.dumps({**FACTS, **changes}))

    def tool(self, name: str, body: str) -> None:
        """A stand-in that writes its arguments down, as `ps` would show them to everyone."""
        path = self.root / "bin" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.root}/argv\n{body}\n')
        path.chmod(0o755)

    def argv(self) -> list[str]:
        return (self.root / "argv").read_text().replace(str(self.root), "").splitlines()

    def boot(self, script: str = str(ROOT / "cloud-init" / "boot")) -> subprocess.CompletedProcess[str]:
        settings = impatient(self.root, self.cloud)
        return subprocess.run(
            ["bash", script],
            env=settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    with double() as cloud:
        yield Machine(tmp_path, cloud)


def steps(done: subprocess.CompletedProcess[str]) -> list[str]:
    return re.findall(r"^drawbridge: STEP (\w+)$", done.stdout, re.MULTILINE)


def failures(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in done.stdout.splitlines() if line.startswith("drawbridge: FAILED")]


def told(machine: Machine) -> list[str]:
    return [
        call["LifecycleActionResult"]
        for action, call in machine.cloud.calls
        if action == "CompleteLifecycleAction"
    ]


def test_a_boot_goes_through_its_steps_in_order_and_ends_with_the_signal(machine: Machine) -> None:
    done = machine.boot()
    assert (done.returncode, steps(done), failures(done)) == (0, STEPS, []), done.stdout
    assert done.stdout.splitlines()[-1] == "drawbridge: READY"
    assert told(machine) == ["CONTINUE"]
    order = [
        "apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 -o APT::Update::Error-Mode=any install"
        " --no-install-recommends docker.io docker-compose-v2",
        "systemctl enable --now drawbridge-watch.service",
        "mount /srv/drawbridge/storage",
        "drawbridge secrets",
        "drawbridge env",
        "docker login --username bot --password-stdin ghcr.io",
        "docker compose --project-name app -f compose.yaml -f compose.override.yaml pull --quiet --policy missing",
        "systemctl enable --now drawbridge.service",
    ]
    assert [line for line in machine.argv() if line in order] == order
    assert sorted(path.name for path in (machine.root / "srv/drawbridge/storage").iterdir()) == [
        "media",
        "uploads",
    ]


def test_no_secret_is_an_argument_or_in_the_log(machine: Machine) -> None:
    done = machine.boot()
    assert done.returncode == 0
    assert [value for value in SECRETS.values() if value in done.stdout + "\n".join(machine.argv())] == []


def test_the_same_boot_again_changes_nothing(machine: Machine) -> None:
    assert machine.boot().returncode == 0

    def state() -> dict[str, tuple[str, int]]:
        kept = [p for top in ("etc", "opt", "srv") for p in (machine.root / top).rglob("*") if p.is_file()]
        return {str(path): (path.read_text(), path.stat().st_mode) for path in kept}

    before = state()
    (machine.root / "argv").unlink()
    # Its launch is over, and AWS refuses to complete it a second time.
    machine.cloud.fail["CompleteLifecycleAction"] = ["ValidationError"] * 99
    done = machine.boot()
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "drawbridge: READY")
    assert state() == before
    assert [line for line in machine.argv() if line.split()[0] in ("apt-get", "mount", "chattr")] == []
    assert told(machine) == ["CONTINUE"]


def test_either_of_two_packages_will_do(machine: Machine) -> None:
    (machine.root / "installed").write_text("docker.io\ndocker-compose\n")
    assert machine.boot().returncode == 0
    assert [line for line in machine.argv() if line.startswith("apt-get")] == []


def test_storage_that_does_not_mount_ends_the_boot_before_any_container_starts(machine: Machine) -> None:
    machine.tool("mount", "exit 32")
    done = machine.boot()
    assert (done.returncode, steps(done)) == (1, ["packages", "storage"])
    assert failures(done) == ["drawbridge: FAILED at storage: the file system fs-1.efs.aws cannot be mounted"]
    assert told(machine) == ["ABANDON"]
    assert [
        line
        for line in machine.argv()
        if line.startswith("docker") or "enable --now drawbridge.service" in line
    ] == ["docker compose --project-name app stop"]


def test_the_last_line_has_the_agents_own_reason(machine: Machine) -> None:
    machine.cloud.fail["GetParameter"] = ["AccessDeniedException"] * 9
    done = machine.boot()
    (line,) = failures(done)
    assert line.startswith("drawbridge: FAILED at secrets: parameter /p/KEY:2 cannot be read: ")
    assert "(AccessDeniedException)" in line
    assert (done.returncode, told(machine)) == (1, ["ABANDON"])


def test_a_mirror_that_does_not_answer_is_tried_six_times(machine: Machine) -> None:
    machine.tool("apt-get", "exit 100")
    done = machine.boot()
    assert failures(done) == [
        "drawbridge: FAILED at packages: the package mirror does not answer or lacks one of: docker.io docker-compose-v2"
    ]
    assert [line for line in machine.argv() if line.startswith("sleep")] == [
        f"sleep {n}" for n in (5, 10, 20, 40, 60)
    ]


def test_a_stack_that_does_not_start_says_what_its_containers_are_doing(machine: Machine) -> None:
    machine.tool("systemctl", 'case "$*" in *drawbridge.service) exit 1;; esac')
    (machine.root / "inspect.json").write_text(json.dumps([container("web", "restarting", None, 3)]))
    done = machine.boot()
    assert "drawbridge: web is restarting (exit code 3)\n" in done.stdout
    assert failures(done) == [
        "drawbridge: FAILED at stack: the stack does not start; see: journalctl -u drawbridge"
    ]
    assert told(machine) == ["ABANDON"]


def test_packages_that_a_cut_off_boot_left_half_set_up_are_set_up_first(machine: Machine) -> None:
    assert machine.boot().returncode == 0
    order = [
        line.split()[0] + " " + line.split()[-1]
        for line in machine.argv()
        if line.startswith(("dpkg ", "apt-get"))
    ]
    assert order == ["dpkg -a", "apt-get update", "apt-get docker-compose-v2"]


def test_an_image_that_is_missing_is_named_in_the_last_line(machine: Machine) -> None:
    answers = '*pull*) echo "Error: manifest unknown" >&2; exit 1;; *--images) echo redis:7; echo nginx:9;; *inspect*nginx:9) exit 1;;'
    machine.tool("docker", f'case "$*" in {answers} esac')
    done = machine.boot()
    assert failures(done) == [
        "drawbridge: FAILED at images: cannot be pulled: nginx:9: Error: manifest unknown"
    ]
    assert told(machine) == ["ABANDON"]


def test_a_step_that_hangs_is_ended_before_the_group_ends_the_launch_by_itself(machine: Machine) -> None:
    machine.facts(boot_seconds=123)
    text = (
        (ROOT / "cloud-init" / "boot")
        .read_text()
        .replace("BOOT_SECONDS > 150 ? BOOT_SECONDS - 120 : 30", "6")
    )
    (machine.root / "boot").write_text(text)
    machine.tool("dpkg-query", "exec /bin/sleep 600")
    done = machine.boot(str(machine.root / "boot"))
    assert failures(done) == ["drawbridge: FAILED at packages: not done after 6 seconds"]
    assert (done.returncode, told(machine)) == (1, ["ABANDON"])


def test_a_finished_boot_leaves_a_mark_and_a_failed_one_does_not(machine: Machine) -> None:
    machine.cloud.fail["GetParameter"] = ["AccessDeniedException"] * 9
    assert (machine.boot().returncode, (machine.root / "etc/drawbridge/booted").exists()) == (1, False)
    machine.cloud.fail.clear()
    assert (machine.boot().returncode, (machine.root / "etc/drawbridge/booted").exists()) == (0, True)


def test_a_failed_launch_leaves_no_half_open_service(machine: Machine) -> None:
    (machine.root / "inspect.json").write_text(
        json.dumps([container("web"), container("worker", health="unhealthy")])
    )
    text = re.sub(
        r"^left\(\) .*", "left() { echo 1; }", (ROOT / "cloud-init" / "boot").read_text(), flags=re.MULTILINE
    )
    (machine.root / "boot").write_text(text)
    done = machine.boot(str(machine.root / "boot"))
    assert failures(done) == ["drawbridge: FAILED at ready: still waiting: worker is unhealthy"]
    stops = ["systemctl disable --now drawbridge.service", "docker compose --project-name app stop"]
    assert [line for line in machine.argv() if line in stops] == stops
    assert told(machine) == ["ABANDON"]


def test_facts_that_cannot_be_read_fail_the_boot_once(machine: Machine) -> None:
    machine.facts()
    facts = json.loads((machine.root / "etc/drawbridge/machine.json").read_text())
    del facts["efs"]
    (machine.root / "etc/drawbridge/machine.json").write_text(json.dumps(facts))
    done = machine.boot()
    assert (done.returncode, len(failures(done)), told(machine)) == (1, 1, ["ABANDON"]), done.stdout


LOCKED = "dpkg: error: dpkg frontend lock was locked by another process with pid 7"


def test_packages_wait_for_a_lock_that_another_process_holds(machine: Machine) -> None:
    machine.tool(
        "dpkg",
        f"test -e {machine.root}/third || {{ echo '{LOCKED}' >&2; [ ! -e {machine.root}/second ] || touch {machine.root}/third; touch {machine.root}/second; exit 2; }}",
    )
    done = machine.boot()
    assert (done.returncode, failures(done)) == (0, []), done.stdout
    assert done.stdout.count("drawbridge: dpkg is locked by another process, again in 5s\n") == 2
    assert "try 1 of 6 failed" not in done.stdout
    assert [line for line in machine.argv() if line in ("dpkg --configure -a", "sleep 5")] == [
        "dpkg --configure -a",
        "sleep 5",
        "dpkg --configure -a",
        "sleep 5",
        "dpkg --configure -a",
    ]


def test_what_dpkg_says_of_another_fault_is_in_the_log(machine: Machine) -> None:
    machine.tool("dpkg", "echo 'dpkg: error: the database area is broken' >&2; exit 2")
    done = machine.boot()
    assert done.stdout.count("drawbridge: dpkg: error: the database area is broken") == 6
    assert failures(done)[0].startswith("drawbridge: FAILED at packages: ")


def test_images_of_what_runs_once_are_pulled_with_the_others(machine: Machine) -> None:
    machine.facts(once=["schema", "seed"])
    machine.boot()
    assert (
        "docker compose --project-name app -f compose.yaml -f compose.override.yaml --profile once-schema --profile once-seed"
        " pull --quiet --policy missing"
    ) in machine.argv()


def test_a_volume_that_is_there_keeps_its_rights(machine: Machine) -> None:
    """An image or an operator gave it to somebody: a boot that opens it to all again would undo that."""
    volume = machine.root / "srv/drawbridge/storage/uploads"
    volume.mkdir(parents=True)
    volume.chmod(0o700)
    assert machine.boot().returncode == 0
    assert volume.stat().st_mode & 0o7777 == 0o700
    assert (machine.root / "srv/drawbridge/storage/media").stat().st_mode & 0o7777 == 0o1777


def test_the_certificates_come_by_https_alone(machine: Machine) -> None:
    """curl asks whatever the URL says, and follows what an answer says, unless it is told which protocols it may use."""
    machine.tool("curl", "exit 7")
    machine.facts(ca_url="https://ca.example.com/bundle.pem")
    assert machine.boot().returncode != 0
    asked = [line for line in machine.argv() if line.startswith("curl ")]
    assert asked
    assert all(" --proto =https " in line for line in asked)
