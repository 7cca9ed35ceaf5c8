"""Every alarm watches a metric that somebody sends, and rings when something is wrong, not when something is new."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from preview.evaluate.program import evaluate
from preview.resources import Evaluation
from tests import invariants
from tests.evaluations import EXAMPLES, ROOT, deployed

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
FILTER = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
# What RDS sends of each instance, under its identifier:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
RDS = frozenset({"CPUUtilization", "FreeStorageSpace"})
GIB = 1024**3
STACKS = [*EXAMPLES, "every-setting"]

Metric = tuple[str, str, frozenset[tuple[str, str]]]


def stack(name: str) -> Evaluation:
    if name == "every-setting":
        return evaluate(ROOT, config_file=ROOT / "docs" / "Pulumi.example.yaml")
    return deployed(name)


def watched(alarm: Mapping[str, Any]) -> Metric:
    return alarm["namespace"], alarm["metricName"], frozenset(alarm.get("dimensions", {}).items())


def sent_by_machines(program: Evaluation, place: Path, patch: pytest.MonkeyPatch) -> Iterator[Metric]:
    """What the machine's own program sends, with the facts that the stack's user data gives it."""
    (template,) = program.of_type(invariants.LAUNCH_TEMPLATE)
    files = {f["path"]: f["content"] for f in invariants.user_data_of(template)["write_files"]}
    if "drawbridge-metrics.timer" not in json.loads(files["/etc/drawbridge/machine.json"])["units"]:
        return
    (place / "etc/drawbridge").mkdir(parents=True)
    (place / "etc/drawbridge/machine.json").write_text(files["/etc/drawbridge/machine.json"])
    patch.setenv("DRAWBRIDGE_ROOT", str(place))
    loader = SourceFileLoader("agent", str(ROOT / "cloud-init" / "drawbridge"))
    spec = importlib.util.spec_from_loader("agent", loader)
    assert spec
    agent: Any = importlib.util.module_from_spec(spec)
    patch.setattr("sys.dont_write_bytecode", True)
    loader.exec_module(agent)
    calls: list[dict[str, Any]] = []
    agent.client = lambda service: SimpleNamespace(put_metric_data=lambda **given: calls.append(given))
    agent.metrics()
    for call in calls:
        for datum in call["MetricData"]:
            named = frozenset((d["Name"], d["Value"]) for d in datum["Dimensions"])
            yield call["Namespace"], datum["MetricName"], named


def sent(program: Evaluation, place: Path, patch: pytest.MonkeyPatch) -> set[Metric]:
    """Every metric that somebody sends: the machines, the filters over the logs, the groups, the databases."""
    found = set(sent_by_machines(program, place, patch))
    for counted in program.of_type(FILTER):
        to = counted.inputs["metricTransformation"]
        found.add((to["namespace"], to["name"], frozenset(to.get("dimensions", {}).items())))
    for group in program.of_type(invariants.AUTO_SCALING_GROUP):
        named = frozenset({("AutoScalingGroupName", f"«{group.name}.name»")})
        found |= {("AWS/AutoScaling", metric, named) for metric in group.inputs["enabledMetrics"]}
    for database in program.of_type(invariants.DATABASE):
        named = frozenset({("DBInstanceIdentifier", f"«{database.name}.identifier»")})
        found |= {("AWS/RDS", metric, named) for metric in RDS}
    return found


@pytest.mark.parametrize("name", STACKS)
def test_every_alarm_watches_a_metric_that_somebody_sends(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = stack(name)
    alarms = {alarm.name: watched(alarm.inputs) for alarm in program.of_type(ALARM)}
    senders = sent(program, tmp_path, monkeypatch)
    assert alarms and {each: metric for each, metric in alarms.items() if metric not in senders} == {}


def test_an_alarm_of_a_metric_that_nobody_sends_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machines' figures bear the host's name. The stack's alone is a metric that does not exist."""
    senders = sent(stack("image2model"), tmp_path, monkeypatch)
    bare = ("Drawbridge", "DiskUsedPercent", frozenset({("Stack", "drawbridge-prod")}))
    assert bare not in senders
    assert ("Drawbridge", "DiskUsedPercent", frozenset({("Stack", "drawbridge-prod-host")})) in senders


@pytest.mark.parametrize("name", STACKS)
def test_machines_may_send_figures_into_the_namespace_that_is_watched(name: str) -> None:
    program = stack(name)
    (role,) = program.of_type("aws:iam/rolePolicy:RolePolicy")
    (may,) = [s for s in json.loads(role.inputs["policy"])["Statement"] if s["Sid"] == "PutMetrics"]
    ours = {a.inputs["namespace"] for a in program.of_type(ALARM)} - {"AWS/RDS", "AWS/AutoScaling"}
    assert may["Condition"] == {"StringEquals": {"cloudwatch:namespace": ours.pop()}} and not ours


# What CloudWatch makes of an alarm's last minutes ------------------------------------------------------------------------


def judged(alarm: Mapping[str, Any], minutes: Sequence[float | None], before: str) -> str:
    """The state after these minutes (None: no figure), by the rules of AWS's page on missing data, at their strictest: the
    range that is looked at is no longer than the periods that are judged."""
    window = minutes[-int(alarm["evaluationPeriods"]) :]
    missing = alarm["treatMissingData"]
    below = alarm["comparisonOperator"] == "LessThanThreshold"
    there = [value for value in window if value is not None]
    bad = sum(value < alarm["threshold"] if below else value > alarm["threshold"] for value in there)
    absent = len(window) - len(there)
    if bad + (absent if missing == "breaching" else 0) >= alarm["datapointsToAlarm"]:
        return "ALARM"
    if not there and missing in ("missing", "ignore"):
        return "INSUFFICIENT_DATA" if missing == "missing" else before
    return "OK"


def told(alarm: Mapping[str, Any], minutes: Sequence[float | None], before: str) -> list[str]:
    """The states that mails name, from the first minute to the last."""
    actions = {"ALARM": "alarmActions", "OK": "okActions", "INSUFFICIENT_DATA": "insufficientDataActions"}
    mails = []
    past: list[float | None] = [None] * int(alarm["evaluationPeriods"])
    for minute in minutes:
        past.append(minute)
        state = judged(alarm, past, before)
        if state != before and alarm.get(actions[state]):
            mails.append(state)
        before = state
    return mails


def alarms(name: str = "image2model", **changes: Any) -> dict[str, dict[str, Any]]:
    program = deployed(name, **changes)
    return {
        alarm.name.removeprefix("drawbridge-prod-alerts-"): alarm.inputs for alarm in program.of_type(ALARM)
    }


def well(alarm: Mapping[str, Any]) -> float:
    """A figure at which nothing is wrong."""
    below = alarm["comparisonOperator"] == "LessThanThreshold"
    return float(alarm["threshold"]) + (1 if below else -1)


@pytest.mark.parametrize("label", sorted(alarms()))
def test_a_new_stack_rings_no_alarm(label: str) -> None:
    """Some alarms are made before the machines, whose first figures come when they have booted."""
    alarm = alarms()[label]
    for silent in (0, 1, 3, 20):
        mails = told(alarm, [None] * silent + [well(alarm)] * 10, "INSUFFICIENT_DATA")
        assert set(mails) <= {"OK"}, silent


def test_a_release_tells_nothing_of_the_machines() -> None:
    """The alarm is pointed at the new group, which has sent nothing yet: neither an alarm nor its end is told."""
    alarm = alarms()["machines"]
    for silent in (1, 3, 8):
        assert told(alarm, [None] * silent + [1.0] * 10, "OK") == []


def test_machines_that_are_missing_are_told() -> None:
    assert told(alarms()["machines"], [1.0] * 5 + [0.0] * 5 + [1.0] * 5, "OK") == ["ALARM", "OK"]


@pytest.mark.parametrize("label, who", [("disk", "machine"), ("database-storage", "run")])
def test_silence_is_told_once(label: str, who: str) -> None:
    made = alarms()
    assert told(made[label], [well(made[label])] * 5 + [None] * 10, "OK") == ["INSUFFICIENT_DATA"]
    assert "without data: " in made[label]["alarmDescription"] and who in made[label]["alarmDescription"]
    others = {"memory"} if label == "disk" else {"database-cpu"}
    for other in others:
        assert told(made[other], [well(made[other])] * 5 + [None] * 10, "OK") == []


def test_what_is_wrong_rings() -> None:
    for label, alarm in alarms().items():
        below = alarm["comparisonOperator"] == "LessThanThreshold"
        bad = float(alarm["threshold"]) + (-1 if below else 1)
        assert told(alarm, [well(alarm)] * 5 + [bad] * 5, "OK") == ["ALARM"], label


@pytest.mark.parametrize("allocated, most", [(20, 100), (100, 1000), (400, 441)])
def test_storage_that_grows_as_it_should_rings_no_alarm(allocated: int, most: int) -> None:
    """RDS grows it at a tenth free: USER_PIOPS.Autoscaling. The alarm rings when that did not happen."""
    database = {"version": "17", "name": "app", "storageGiB": allocated, "maxStorageGiB": most}
    alarm = alarms(database=database)["database-storage"]
    grows = allocated * GIB / 10
    assert told(alarm, [grows] * 15 + [grows * 0.8] * 15, "OK") == []
    assert told(alarm, [grows / 2 - 1] * 5, "OK") == ["ALARM"]


def test_storage_that_does_not_grow_rings_at_a_tenth() -> None:
    database = {"version": "17", "name": "app", "storageGiB": 20, "maxStorageGiB": 0}
    alarm = alarms(database=database)["database-storage"]
    assert alarm["threshold"] == 2 * GIB
    assert "under 2 GiB" in alarm["alarmDescription"]


def test_the_rules_of_the_evaluation_see_what_rang_before() -> None:
    """Silence taken for a bad figure: what these alarms did, and what the tests above must be able to see."""
    alarm = {**alarms()["machines"], "treatMissingData": "breaching"}
    assert told(alarm, [1.0] * 10, "OK") == ["ALARM", "OK"]
    assert "ALARM" in told(alarm, [None] * 5, "INSUFFICIENT_DATA")
