"""Every example's machine, booted for real from its user-data as it stands: what was observed in its life (life.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from os import environ

import pytest

from tests.evaluations import EXAMPLES

from .example import Example, example
from .life import Life, live

READY = ["packages", "storage", "secrets", "certificates", "database", "images", "once", "stack", "ready"]


@pytest.fixture(scope="session")
def lives(request: pytest.FixtureRequest) -> Iterator[dict[str, Future[Life]]]:
    """The lives that are asked for, begun at once; half of a life is waiting. DRAWBRIDGE_BOOTS is how many run at a time."""
    asked = {item.callspec.params.get("life") for item in request.session.items if hasattr(item, "callspec")}
    with ThreadPoolExecutor(int(environ.get("DRAWBRIDGE_BOOTS", "5"))) as pool:
        yield {name: pool.submit(live, example(name)) for name in EXAMPLES if name in asked}


@pytest.fixture(params=EXAMPLES)
def life(request: pytest.FixtureRequest, lives: dict[str, Future[Life]]) -> Life:
    return lives[request.param].result()


def test_every_stage_was_lived(life: Life) -> None:
    assert life.failed == ""


def test_cloud_init_ends_without_an_error(life: Life) -> None:
    assert life["result"] == {"datasource": life["seed"], "errors": []}
    assert (life["status"]["status"], life["status"]["recoverable_errors"]) == ("done", {})


def test_the_boot_goes_through_its_steps_and_ends_ready(life: Life) -> None:
    assert [line for line in life["said"] if "STEP" in line] == [f"drawbridge: STEP {step}" for step in READY]
    assert life["said"][-1] == "drawbridge: READY"
    assert [line for line in life["said"] if "FAILED" in line] == []


def test_the_group_is_told_once_and_the_machine_tags_itself(life: Life) -> None:
    assert life["told when ready"] == [("ready", "CONTINUE")]
    assert [(tag["Tag.1.Key"], tag["Tag.1.Value"]) for tag in life["tags"]] == [("drawbridge:ready", "true")]
    assert life["told again"] == [("ready", "CONTINUE")]


def test_metadata_is_asked_with_a_session_token_and_nobody_unknown_is_asked_for_anything(life: Life) -> None:
    assert (life["version one"], life["strangers"]) == ([], [])


def test_every_unit_is_enabled_and_the_system_is_well(life: Life) -> None:
    assert (life["system"], life["failed units"]) == ("running", "")
    assert set(life["enabled"].values()) == {"enabled"}
    assert set(life["active"].values()) == {"active"}


def test_every_file_is_there_with_its_mode_and_owner(life: Life) -> None:
    import hashlib

    expected = {
        f[
            "path"
        ]: f"{int(f['permissions'], 8):o} root:root {hashlib.sha256(f['content'].encode()).hexdigest()}"
        for f in life.example.document["write_files"]
        if not f["path"].startswith(("/root", "/etc/systemd/journald"))
    }
    assert {path: life["files"].get(path) for path in expected} == expected


def test_secrets_are_files_of_roots_and_the_token_is_the_connectors(life: Life) -> None:
    modes = {path: line.rpartition(" ")[0] for path, line in life["files"].items()}
    assert modes["/etc/drawbridge/secrets.json"] == "600 root:root"
    assert modes["/opt/drawbridge/app/.env"] == "600 root:root"
    assert modes["/etc/drawbridge/tunnel-token"] == "400 UNKNOWN:UNKNOWN"
    assert (life["leaks"], life["argv leaks"]) == ([], [])


def test_the_connector_reads_its_token_as_its_own_user(life: Life) -> None:
    import base64

    token = json.loads(base64.b64decode(life.example.secrets["TUNNEL_TOKEN"]))
    (hello,) = life["hellos"]
    assert (hello["account"], hello["tunnel"], hello["secret"], hello["user"]) == (
        token["a"],
        token["t"],
        token["s"],
        65532,
    )


def test_services_start_after_what_they_wait_for(life: Life) -> None:
    order = life["compose"]
    overlay = {
        "cloudflared": {
            "depends_on": {r: {"condition": "service_healthy"} for r in routed_checked(life.example)}
        }
    }
    once = life.example.facts["once"]
    for name, body in {**life.example.compose["services"], **overlay}.items():
        waits = body.get("depends_on", {})
        for other, how in waits.items() if isinstance(waits, dict) else ():
            if name in once or other in once:
                continue
            event = {"service_healthy": "Healthy", "service_started": "Started"}[how["condition"]]
            assert order.index((other, event)) < order.index((name, "Starting")), (name, other, order)


def test_what_runs_once_has_run_before_the_stack_starts(life: Life) -> None:
    said = life["said"]
    runs = [
        line
        for line in said[said.index("drawbridge: STEP once") : said.index("drawbridge: STEP stack")]
        if line.endswith(" runs")
    ]
    assert runs == [f"drawbridge: {name} runs" for name in life.example.facts["once"]]


def routed_checked(which: Example) -> list[str]:
    services = which.compose["services"]
    routed = {rule["service"].removeprefix("http://").partition(":")[0] for rule in which.served}
    return [name for name in sorted(routed) if "healthcheck" in services[name]]


def test_visitors_are_served_through_the_tunnels_rules(life: Life) -> None:
    services = life.example.compose["services"]
    assert {visit: answer.status for visit, answer in life["answers"].items() if answer.status != 200} == {}
    if all("nginx" in services[name]["image"] for name in routed_checked(life.example)):
        assert all(answer.headers["server"].startswith("nginx") for answer in life["answers"].values())
    assert life["stranger"].status == 404


def test_the_apps_role_reaches_its_database_over_verified_tls(life: Life) -> None:
    facts = life.example.facts["database"]
    if not facts:
        assert life["database"] == {}
        return
    line = f"{facts['role']} {facts['name']} True\n"
    assert life["database"] == dict.fromkeys(life["database"], line * 2)
    assert life["database"] != {}


def test_lasting_volumes_are_written_to_the_file_system_and_not_to_the_machine(life: Life) -> None:
    storage = life.example.facts["storage"]
    assert life["writes"] == dict.fromkeys(storage, 0)
    assert sorted(life["export"]) == sorted(f"{volume}/proof" for volume in storage)


def test_disk_and_memory_figures_leave_the_machine(life: Life) -> None:
    if "drawbridge-metrics.timer" not in life.example.facts["units"]:
        pytest.skip("this example has no alerts")
    text = json.dumps(life["metrics"][-1], default=lambda b: b.decode("latin-1"))
    assert {name for name in ("DiskUsedPercent", "MemoryUsedPercent") if name in text} == {
        "DiskUsedPercent",
        "MemoryUsedPercent",
    }


def test_containers_logs_leave_the_machine(life: Life) -> None:
    if not life.example.facts["log_group"]:
        pytest.skip("this example keeps its logs in the journal")
    streams = {name.split("/")[0] for name in life["logged"]}
    once = set(life.example.facts["once"])
    assert {f"app-{name}-1" for name in life.example.compose["services"].keys() - once} - streams == set()
    assert [
        name for name in once if not any(stream.startswith(f"app-{name}-run-") for stream in streams)
    ] == []


def test_a_killed_process_comes_back(life: Life) -> None:
    before, after, restarts = life["crashed"]
    assert (before == after, restarts >= 1, life["after crash"].status) == (True, True, 200)


def test_a_long_request_in_flight_survives_the_stop_of_the_stack(life: Life) -> None:
    assert life["long request"].status == 200, life["long request"]


def test_the_connector_stops_first_and_nothing_is_killed(life: Life) -> None:
    stopped = life["stopped"]
    assert {name: c["State"]["Status"] for name, c in stopped.items()} == dict.fromkeys(stopped, "exited")
    assert {name: c["State"]["ExitCode"] for name, c in stopped.items()} == dict.fromkeys(stopped, 0)
    connector = stopped["cloudflared"]["State"]["FinishedAt"]
    others = [
        c["State"]["FinishedAt"]
        for name, c in stopped.items()
        if name != "cloudflared" and c["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    ]
    assert all(connector < other for other in others)
    assert life["connectors when stopped"] == set()


def test_stopping_keeps_volumes_and_starting_brings_all_back(life: Life) -> None:
    before, after = life["volumes"]
    assert (before, life["after start"].status) == (after, 200)


def test_a_reboot_brings_the_same_containers_back(life: Life) -> None:
    before, after = life["same containers"]
    assert (life["result of reboot"]["errors"], before, life["after reboot"].status) == ([], after, 200)


def test_the_same_user_data_again_changes_nothing(life: Life) -> None:
    assert life["result of again"]["errors"] == []
    before, after = life["files again"]
    assert before == after
    before, after = life["containers again"]
    assert before == after
    assert life["said again"].count("drawbridge: READY") == 2
