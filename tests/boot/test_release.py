"""A release under load, and two machines on one tunnel and one file system: real machines, a stand-in for Cloudflare's edge."""

from __future__ import annotations

import gzip
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
import yaml

from tests.evaluations import EXAMPLES, ROOT, example_file

from .edge import Answer, Edge
from .example import Example, example
from .images import registry
from .life import APP, in_background, visits, world
from .machine import SLOW, machine, wait_for

pytestmark = pytest.mark.release
RATE = 60  # requests a second that are asked for; 50 must be answered


@dataclass
class Load:
    """Visitors who come at a steady rate, whether the earlier ones have their answers or not."""

    edge: Edge
    visits: list[tuple[str, str]]
    answers: list[tuple[float, Answer]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Load:
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(60)
        self.seconds = time.monotonic() - self._began

    def _run(self) -> None:
        with ThreadPoolExecutor(24) as visitors:
            number = 0
            while not self._over.is_set():
                due = self._began + number / RATE
                time.sleep(max(0.0, due - time.monotonic()))
                host, path = self.visits[number % len(self.visits)]
                visitors.submit(self._visit, host, path)
                number += 1

    def _visit(self, host: str, path: str) -> None:
        began = time.monotonic()
        answer = self.edge.request(host, path, wait=5)
        self.answers.append((time.monotonic() - began, answer))

    def failures(self) -> list[Answer]:
        return [answer for _, answer in self.answers if answer.status != 200]


def released(which: Example, old: str, new: str) -> Example:
    """The user-data of the next release: another tag of the app's images."""
    text = gzip.decompress(which.user_data).decode()
    assert old in text
    text = text.replace(old, new)
    return replace(which, user_data=gzip.compress(text.encode()), document=yaml.safe_load(text))


def test_no_request_is_dropped_by_a_release() -> None:
    """Old and new machine, a connector on each; the group ends the old one once the new one has completed its launch."""
    first = example("maycast-recorder")
    second = released(first, "v1.4.0", "v1.5.0")
    with ExitStack() as stack:
        outside, share = stack.enter_context(world(first))
        files = {f["path"]: f["content"] for f in second.document["write_files"] if f["path"].startswith(APP)}
        environment = {**second.facts["env"], **second.secrets}
        made = registry(
            second.file(APP + "compose.yaml"), second.file(APP + "compose.override.yaml"), environment, files
        )
        outside.registry.manifests |= made.manifests
        outside.registry.blobs |= made.blobs
        old = stack.enter_context(machine(outside, first.user_data, share=share))
        new = stack.enter_context(machine(outside, second.user_data, share=share))
        old.start()
        assert old.cloud_init()["errors"] == []
        (old_connector,) = outside.edge.connectors()
        with Load(outside.edge, visits(first)) as load:
            time.sleep(3)
            new.start()
            wait_for("the new machine's launch is complete", lambda: outside.told(new.instance), 180)
            assert outside.told(new.instance) == [("ready", "CONTINUE")]
            new_connector = wait_for(
                "two connectors", lambda: outside.edge.connectors() - {old_connector}, 30
            ).pop()
            time.sleep(3)
            # A long request is on its way through the old machine when the group wants that one gone.
            host, path = visits(first)[-1]
            long_request = in_background(
                lambda: outside.edge.request(host, f"{path}?seconds=6", connector=old_connector)
            )
            time.sleep(1)
            outside.metadata[old.address]["autoscaling/target-lifecycle-state"] = "Terminated"
            wait_for("the old machine lets the group go on", lambda: outside.told(old.instance)[1:], 120)
            assert outside.told(old.instance) == [("ready", "CONTINUE"), ("drain", "CONTINUE")]
            assert long_request().status == 200
            old.cut()  # the group terminates it
            time.sleep(3)
        assert outside.edge.connectors() == {new_connector}
        assert load.failures() == []
        through = {
            connector: sum(answer.connector == connector for _, answer in load.answers)
            for connector in (old_connector, new_connector)
        }
        assert min(through.values()) > 100, through
        rate = len(load.answers) / load.seconds
        slowest = max(seconds for seconds, _ in load.answers)
        print(
            f"release: {len(load.answers)} requests at {rate:.0f}/s, 0 failures, slowest {slowest:.2f} s, {through}"
        )
        assert rate >= 50 or SLOW > 1, rate
        images = {c["Config"]["Image"] for c in new.containers().values()}
        assert "ghcr.io/maycast/recorder-server:v1.5.0" in images


def shared_examples() -> list[str]:
    """With a database: one that has lasting files, and one that has something to run once."""
    stacks = {name: yaml.safe_load(example_file(name).read_text())["config"] for name in EXAMPLES}
    apps = {name: stack["drawbridge:app"] for name, stack in stacks.items() if "drawbridge:database" in stack}
    files = [name for name, app in apps.items() if app.get("storage")]
    once = [
        name
        for name, app in apps.items()
        if "service_completed_successfully" in (ROOT / app["compose"]).read_text()
    ]
    return sorted({*files[:1], *once[:1]})


@pytest.mark.parametrize("name", shared_examples())
def test_two_machines_share_one_tunnel_one_database_and_one_file_system(name: str) -> None:
    which = example(name)
    facts = which.facts
    with ExitStack() as stack:
        outside, share = stack.enter_context(world(which))
        pair = [stack.enter_context(machine(outside, which.user_data, share=share)) for _ in range(2)]
        for here in pair:
            here.start()
        for here in pair:
            assert here.cloud_init(300)["errors"] == []
            assert outside.told(here.instance) == [("ready", "CONTINUE")]
        wait_for("two connectors", lambda: len(outside.edge.connectors()) == 2, 30)
        # What runs once a release ran on one machine at a time.
        if facts["once"]:
            spans = outside.sql(
                "SELECT extract(epoch FROM began), extract(epoch FROM ended) FROM migrated ORDER BY began",
                facts["database"]["name"],
            )
            times = [tuple(map(float, line.split("|"))) for line in spans.splitlines()]
            assert len(times) == 2 * len(facts["once"])
            assert all(earlier[1] <= later[0] for earlier, later in pairwise(times)), times
        # The app's role was made by both, and is what one alone would have made.
        roles = outside.sql(
            f"SELECT count(*), bool_or(rolcreaterole OR rolsuper) FROM pg_roles WHERE rolname = '{facts['database']['role']}'"
        )
        assert roles == "1|f"
        # A file that one writes is there for the other.
        for volume in facts["storage"]:
            service, mount = next(
                (owner, m["Destination"])
                for owner, c in pair[0].containers().items()
                for m in c["Mounts"]
                if m.get("Name") == f"app_{volume}"
            )
            pair[0].run(
                "docker", "exec", f"app-{service}-1", "sh", "-c", f"echo of-the-first >{mount}/shared"
            )
            assert (
                pair[1].run("docker", "exec", f"app-{service}-1", "cat", f"{mount}/shared")
                == "of-the-first\n"
            )
        # Both serve; and when one loses its power, the other serves all.
        with Load(outside.edge, visits(which)) as load:
            time.sleep(4)
            pair[0].cut()
            time.sleep(4)
        lost = [answer for answer in load.failures() if answer.status != 520]
        assert lost == []
        # What was in flight on the machine at that moment is lost with it, and nothing else.
        assert len(load.failures()) <= 12, load.failures()
        by = {answer.connector for _, answer in load.answers if answer.status == 200}
        assert len(by) == 2
        assert (outside.version_one, outside.strangers) == ([], [])
