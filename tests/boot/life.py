"""One machine's life, lived once and written down: first boot, a crash, a stop, a start, a reboot, the same user-data again."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import images
from .edge import Answer
from .example import Example
from .machine import SLOW, Machine, machine, wait_for
from .outside import Outside

MASTER = ("master", "master-pw")
APP = "/opt/drawbridge/app/"
WATCHED = (
    "/etc/drawbridge",
    "/etc/docker",
    "/etc/systemd/system",
    "/etc/apt/apt.conf.d",
    "/etc/sysctl.d/60-drawbridge.conf",
    "/etc/fstab",
    "/opt/drawbridge",
)


LIVED: dict[str, dict[str, float]] = {}
"""Seconds of each stage, by example; printed at the end of a run."""


def prepare(outside: Outside, example: Example, folder: Path) -> None:
    """Let the world outside know what this example asks it for, its database included."""
    outside.parameters |= example.parameters
    outside.logins |= example.logins
    outside.edge.rules = example.rules
    files = {f["path"]: f["content"] for f in example.document["write_files"] if f["path"].startswith(APP)}
    made = images.registry(
        example.file(APP + "compose.yaml"),
        example.file(APP + "compose.override.yaml"),
        {**example.facts["env"], **example.secrets},
        files,
    )
    outside.registry.manifests |= made.manifests
    outside.registry.blobs |= made.blobs
    database = example.facts["database"]
    if database:
        outside.secrets[database["master_secret"]] = json.dumps(
            dict(zip(("username", "password"), MASTER, strict=True))
        )
        outside.start_database(folder / "postgres", MASTER)


@contextmanager
def world(example: Example) -> Iterator[tuple[Outside, Path]]:
    """The outside for one example, and the folder that stands for its EFS."""
    with (
        tempfile.TemporaryDirectory(prefix="drawbridge-world-", dir="/var/tmp") as folder,
        Outside() as outside,
    ):
        share = Path(folder) / "share"
        (share / "export").mkdir(parents=True)
        prepare(outside, example, Path(folder))
        yield outside, share


def visits(example: Example) -> list[tuple[str, str]]:
    """A (hostname, path) that each of the tunnel's rules with a service takes."""
    found = []
    for rule in example.served:
        # `^/admin(/|$)` takes /admin and all below it; what a wildcard stands for may be nothing.
        path = (
            (rule["path"] or "^/").removeprefix("^").replace("(/|$)", "/").removesuffix("$").replace("\\", "")
        )
        found.append((rule["hostname"].replace("*", "any"), path or "/"))
    return found


def in_order(journal: str) -> list[tuple[str, str]]:
    """(service, event) as compose reported them."""
    found = []
    for line in journal.splitlines():
        words = line.split(" Container app-", 1)[1].split() if " Container app-" in line else []
        if len(words) == 2:
            found.append((words[0].rpartition("-")[0], words[1]))
    return found


@dataclass
class Life:
    """`seen` is what was observed, by name; `failed` the first stage that could not be lived, and why."""

    example: Example
    seen: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failed: str = ""

    def __getitem__(self, name: str) -> Any:
        if name not in self.seen:
            raise AssertionError(f"not observed, because: {self.failed}")
        return self.seen[name]


Stage = Callable[[Life, Outside, Any, Path], None]


def live(example: Example, kind: type[Machine] = Machine, stages: Sequence[Stage] = ()) -> Life:
    """Stage after stage, or a whole life, in a machine of a kind."""
    life = Life(example)
    LIVED[f"{example.name}, {kind.__name__}"] = life.seconds
    with world(example) as (outside, share), machine(outside, example.user_data, kind, share=share) as here:
        for stage in stages or LIFE:
            began = time.monotonic()
            try:
                stage(life, outside, here, share)
            except Exception as error:
                life.failed = f"{stage.__name__}: {type(error).__name__}: {error}\n" + "\n".join(
                    here.log()[-25:]
                )
                break
            life.seconds[stage.__name__] = round(time.monotonic() - began, 1)
    return life


def first_boot(life: Life, outside: Outside, here: Machine, share: Path) -> None:
    host, path = visits(life.example)[-1]
    served: list[float] = []

    def visitor() -> None:
        end = time.monotonic() + 240 * SLOW
        while time.monotonic() < end and not served:
            if outside.edge.request(host, path, wait=240 * SLOW).status == 200:
                served.append(time.time())

    threading.Thread(target=visitor, daemon=True).start()
    here.start()
    result = here.cloud_init(240)
    life.seen["result"], life.seen["seed"] = result, here.seed
    life.seen["status"] = json.loads(here.try_("cloud-init", "status", "--format", "json").stdout)
    life.seen["said"] = here.said()
    life.seen["told when ready"] = outside.told(here.instance)
    wait_for("a visitor is served", lambda: served, 30)
    life.seconds["serving"] = round(served[0] - here.started, 1)
    life.seconds["ready"] = round(time.time() - here.started, 1)
    life.seen["tags"] = outside.called("CreateTags")
    life.seen["compose"] = in_order(
        here.run("journalctl", "-u", "drawbridge", "-o", "cat", "--no-pager", "-b").replace("\n", "\n ")
    )


def look_around(life: Life, outside: Outside, here: Machine, share: Path) -> None:
    seen = life.seen
    # The last units of a boot may still be on their way.
    here.try_("systemctl", "is-system-running", "--wait")
    seen["system"] = here.try_("systemctl", "is-system-running").stdout.strip()
    seen["failed units"] = here.run("systemctl", "list-units", "--failed", "--no-legend", "--plain").strip()
    seen["enabled"] = {
        unit: here.try_("systemctl", "is-enabled", unit).stdout.strip()
        for unit in ("docker.service", "drawbridge.service", *life.example.facts["units"])
    }
    seen["active"] = {
        unit: here.try_("systemctl", "is-active", unit).stdout.strip() for unit in seen["enabled"]
    }
    seen["files"] = here.modes(*WATCHED)
    seen["containers"] = here.containers()
    seen["unwell"] = here.unwell()
    seen["answers"] = {visit: outside.edge.request(*visit) for visit in visits(life.example)}
    seen["stranger"] = outside.edge.request("stranger.example.org", "/")
    seen["hellos"] = list(outside.edge.hellos)
    seen["database"] = _database(here, life.example)
    logs = [
        here.read("/var/log/cloud-init.log"),
        here.read("/var/log/cloud-init-output.log"),
        here.run("journalctl", "-b", "--no-pager"),
    ]
    seen["leaks"] = [
        name for name, value in life.example.secrets.items() if any(value in text for text in logs)
    ]
    processes = here.run("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    seen["argv leaks"] = [
        name
        for name, value in life.example.secrets.items()
        if value in processes and name not in ("REDIS_PASSWORD",)
    ]
    here.run("systemctl", "start", "drawbridge-metrics.service") if life.example.facts["units"][1:] else None
    seen["metrics"] = outside.called("PutMetricData")
    seen["logged"] = outside.logged()
    seen["writes"] = _write_to_storage(here, life.example)
    seen["export"] = {
        str(path.relative_to(share / "export")): path.read_text()
        for path in (share / "export").rglob("proof")
    }


def _database(here: Machine, example: Example) -> dict[str, str]:
    """The error, or '', of a query from inside each service that has the database's variables, by its URL and by PG*."""
    script = (
        "import os, psycopg2, re\n"
        "url = re.sub(r'^postgres(ql)?[+a-z0-9]*:', 'postgresql:', os.environ['DATABASE_URL']).replace('?ssl=verify-full', '')\n"
        "for dsn in ('', url):\n"
        "    c = psycopg2.connect(dsn).cursor()\n"
        "    c.execute('SELECT current_user, current_database(), ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')\n"
        "    print(*c.fetchone())\n"
    )
    overlay = {
        name
        for name, c in here.containers().items()
        if any(e.startswith("PGSSLMODE=") for e in c["Config"]["Env"])
    }
    answers = {}
    for service in sorted(overlay):
        if here.containers()[service]["State"]["Running"]:
            done = here.try_("docker", "exec", f"app-{service}-1", "python3", "-c", script)
            answers[service] = done.stdout + done.stderr[-500:]
    return answers


def _write_to_storage(here: Machine, example: Example) -> dict[str, int]:
    """Exit code of writing a file as its service's own user into each lasting volume."""
    codes = {}
    for service, container in here.containers().items():
        for mount in container["Mounts"]:
            name = mount.get("Name", "").removeprefix("app_")
            if name in example.facts["storage"] and mount["RW"] and container["State"]["Running"]:
                path = f"{mount['Destination']}/proof"
                done = here.try_("docker", "exec", f"app-{service}-1", "sh", "-c", f"echo {service} >{path}")
                codes[name] = done.returncode
    return codes


def crash(life: Life, outside: Outside, here: Machine, share: Path) -> None:
    """SIGKILL to the main process of a routed service's container (`docker kill` would count as a wish)."""
    service = min(rule["service"].removeprefix("http://").partition(":")[0] for rule in life.example.served)
    victim = here.containers()[service]
    here.run("kill", "-9", str(victim["State"]["Pid"]))
    wait_for("restarted", lambda: here.containers()[service]["RestartCount"] > victim["RestartCount"], 30)
    here.healthy()
    life.seen["crashed"] = (
        victim["Id"],
        here.containers()[service]["Id"],
        here.containers()[service]["RestartCount"],
    )
    host, path = visits(life.example)[-1]
    life.seen["after crash"] = outside.edge.request(host, path)


def in_background(action: Callable[[], Any]) -> Callable[[], Any]:
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(action()), daemon=True)
    thread.start()

    def join() -> Any:
        thread.join(180 * SLOW)
        return result[0]

    return join


def stop_and_start(life: Life, outside: Outside, here: Machine, share: Path) -> None:
    host, path = visits(life.example)[-1]
    volumes = here.run("docker", "volume", "ls", "-q").split()
    long_request: Callable[[], Answer] = in_background(
        lambda: outside.edge.request(host, f"{path}?seconds=5")
    )
    time.sleep(1)
    began = time.monotonic()
    here.run("systemctl", "stop", "drawbridge.service")
    life.seconds["drain"] = round(time.monotonic() - began, 1)
    life.seen["long request"] = long_request()
    life.seen["stopped"] = here.containers()
    life.seen["connectors when stopped"] = outside.edge.connectors()
    life.seen["volumes"] = (volumes, here.run("docker", "volume", "ls", "-q").split())
    here.run("systemctl", "start", "drawbridge.service")
    here.healthy()
    life.seen["after start"] = outside.edge.request(host, path, wait=60 * SLOW)


def reboot(life: Life, outside: Outside, here: Machine, share: Path) -> None:
    before = {name: c["Id"] for name, c in here.containers().items()}
    here.restart()
    life.seen["result of reboot"] = here.cloud_init()
    here.healthy(120)
    host, path = visits(life.example)[-1]
    life.seen["after reboot"] = outside.edge.request(host, path, wait=60 * SLOW)
    life.seen["same containers"] = (before, {name: c["Id"] for name, c in here.containers().items()})
    life.seen["told after reboot"] = outside.told(here.instance)


def again(life: Life, outside: Outside, here: Machine, share: Path) -> None:
    """cloud-init forgets that it ran: the same user-data, on a machine where it has done its work."""
    files, ids = here.modes(*WATCHED), {name: c["Id"] for name, c in here.containers().items()}
    here.run("cloud-init", "clean")
    here.restart()
    life.seen["result of again"] = here.cloud_init()
    here.healthy(120)
    life.seen["files again"] = (files, here.modes(*WATCHED))
    life.seen["containers again"] = (ids, {name: c["Id"] for name, c in here.containers().items()})
    life.seen["told again"] = outside.told(here.instance)
    life.seen["version one"], life.seen["strangers"] = list(outside.version_one), list(outside.strangers)
    life.seen["said again"] = here.said()
    here.stop()


LIFE: tuple[Stage, ...] = (first_boot, look_around, crash, stop_and_start, reboot, again)
