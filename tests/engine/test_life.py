"""The life of every stack with the real Pulumi CLI: what an evaluation in one process cannot show."""

from __future__ import annotations

import base64
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from preview.resource_types.registry import record_of
from tests.evaluations import ROOT

from .cloud import Thing
from .harness import EngineStack
from .stacks import (
    ACCESS_APPLICATION,
    ACCESS_POLICY,
    ALARM,
    DATABASE,
    DNS_RECORD,
    FILE_SYSTEM,
    GROUP,
    LASTING,
    LAUNCH_TEMPLATE,
    PARAMETER,
    STACKS,
    TUNNEL,
    changes,
    edit_host,
    every_stack,
    hears_its_hosts,
    prepare,
    release,
    secrets_in,
)


def test_every_stack_file_of_the_project_is_rehearsed() -> None:
    rehearsed = [yaml.safe_load(file.read_text())["config"] for file in STACKS.values()]
    files = [*ROOT.glob("examples/*/Pulumi.*.yaml"), ROOT / "Pulumi.prod.yaml"]
    assert [file for file in files if yaml.safe_load(file.read_text())["config"] not in rehearsed] == []


@every_stack()
def test_a_second_up_and_a_refresh_change_nothing(engine: EngineStack) -> None:
    again = engine.up()
    assert (changes(again), again.planned()) == ([], [])
    refreshed = engine.up(refresh=True)
    assert (changes(refreshed), [step for step in refreshed.planned() if step[0] != "refresh"]) == ([], [])
    previewed = engine.preview()
    assert ([o for o in previewed.operations if o.op != "invoke"], previewed.planned()) == ([], [])


@every_stack()
def test_a_release_is_a_new_group_before_the_old_one_goes_last(engine: EngineStack) -> None:
    (old,) = engine.cloud.live(GROUP)
    lasting = [thing.id for thing in engine.cloud.live(*LASTING)]
    release(engine)
    done = changes(engine.up())
    alarms = [change for change in done if change == ("update", ALARM)]  # those that name the group
    assert [change for change in done if change not in alarms] == [
        ("update", LAUNCH_TEMPLATE),
        ("create", GROUP),
        ("delete", GROUP),
    ]
    assert done[-1] == ("delete", GROUP)
    (new,) = engine.cloud.live(GROUP)
    assert (new.id != old.id, new.ready) == (True, True)
    assert [thing.id for thing in engine.cloud.live(*LASTING)] == lasting


@every_stack()
def test_more_machines_and_fewer_are_a_number_on_the_same_group(engine: EngineStack) -> None:
    (group,) = engine.cloud.live(GROUP)
    size = int(group.inputs["minSize"])
    for replicas in (size + 1, size):
        edit_host(engine, replicas=replicas)
        done = changes(engine.up())
        assert set(done) <= {("update", GROUP), ("update", ALARM)}
        assert done.count(("update", GROUP)) == 1
        (after,) = engine.cloud.live(GROUP)
        assert (after.id, after.inputs["minSize"], after.inputs["maxSize"]) == (group.id, replicas, replicas)


@every_stack()
def test_a_route_comes_and_goes_without_touching_the_others(engine: EngineStack) -> None:
    # Machines whose app is told its host names learn of a new one by a release.
    told = hears_its_hosts(engine)
    released = [("update", LAUNCH_TEMPLATE), ("create", GROUP), ("delete", GROUP)] if told else []
    ignored = {GROUP} if told else set()
    before = {(thing.type, thing.id) for thing in engine.cloud.live() if thing.type not in ignored}

    def add(config: dict[str, Any]) -> None:
        zone = config["drawbridge:cloudflare"]["zone"]
        route = {"hostname": f"rehearsal.{zone}", "service": "http_status:404", "access": "public"}
        config["drawbridge:routes"].append(route)

    engine.edit(add)
    added = changes(engine.up())
    assert ("create", DNS_RECORD) in added
    assert [
        change for change in added if change[0] == "delete" or change[1] in (GROUP, LAUNCH_TEMPLATE)
    ] == released
    assert engine.cloud.one(DNS_RECORD, "rehearsal.").inputs["proxied"] is True
    engine.edit(lambda config: config["drawbridge:routes"].pop())
    removed = changes(engine.up())
    assert [
        change for change in removed if change[0] == "create" or change[1] in (GROUP, LAUNCH_TEMPLATE)
    ] == released
    assert {(thing.type, thing.id) for thing in engine.cloud.live() if thing.type not in ignored} == before


@every_stack()
def test_rotation_makes_a_new_secret_and_not_a_new_tunnel(engine: EngineStack) -> None:
    tunnel = engine.cloud.one(TUNNEL)
    engine.edit(lambda config: config.setdefault("drawbridge:tunnel", {}).update(rotation="rehearsal"))
    done = changes(engine.up())
    after = engine.cloud.one(TUNNEL)
    assert (after.id, after.inputs["tunnelSecret"] != tunnel.inputs["tunnelSecret"]) == (tunnel.id, True)
    # The machines get the new token by a release, and a connector that is connected keeps its connection meanwhile.
    assert Counter(change for change in done if change[1] not in (ALARM, PARAMETER)) == Counter(
        [("update", TUNNEL), ("update", LAUNCH_TEMPLATE), ("create", GROUP), ("delete", GROUP)]
    )
    assert done[-1] == ("delete", GROUP)
    assert {op for op, kind in done if kind == PARAMETER} <= {"update"}


# Drift ----------------------------------------------------------------------------------------------------------------

# A template's versions and a parameter's are fixed; by another version a release begins. Both have tests of their own.
NO_DRIFT = {LAUNCH_TEMPLATE, PARAMETER}


def drift(engine: EngineStack) -> list[tuple[str, str]]:
    """Change one input of every live object that the provider can put right in place; their types and URNs."""
    drifted = []
    with engine.cloud.transaction() as contents:
        for thing in contents.live():
            if thing.type in NO_DRIFT or thing.type.startswith(("random:", "standin:")):
                continue
            key = next((key for key in sorted(thing.inputs) if _can_drift(thing, key)), None)
            if key is not None:
                thing.outputs[key] = _other(thing.inputs[key])
                drifted.append((thing.type, thing.urn))
    return drifted


def _can_drift(thing: Thing, key: str) -> bool:
    return (
        key in thing.outputs
        and record_of(thing.type).effect(key) != "replaces"
        and thing.inputs[key] not in (None, {})
    )


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, str):
        return f"{value}-drifted"
    return {} if isinstance(value, dict) else [] if value else [{"description": "added by hand"}]


@every_stack()
def test_drift_is_found_by_a_refresh_and_put_right_by_the_next_up(engine: EngineStack) -> None:
    before = {(thing.type, thing.urn): _given(thing) for thing in engine.cloud.live()}
    drifted = drift(engine)
    assert {kind for kind, _ in before} - {kind for kind, _ in drifted} - NO_DRIFT <= {
        "aws:sns/topic:Topic",
        "aws:sns/topicSubscription:TopicSubscription",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:rds/parameterGroup:ParameterGroup",
        "aws:iam/rolePolicy:RolePolicy",
        "random:index/randomPassword:RandomPassword",
        "random:index/randomId:RandomId",
    }
    assert changes(engine.up()) == []  # without a refresh the engine believes its state
    engine.refresh()
    put_right = engine.up()
    assert Counter(changes(put_right)) == Counter(("update", kind) for kind, _ in drifted)
    assert {(thing.type, thing.urn): _given(thing) for thing in engine.cloud.live()} == before
    assert changes(engine.up()) == []


def _given(thing: Thing) -> dict[str, Any]:
    return {key: thing.outputs.get(key) for key in thing.inputs}


@every_stack()
def test_what_was_deleted_by_hand_is_made_anew_and_nothing_else(engine: EngineStack) -> None:
    gone = engine.cloud.live(DNS_RECORD, ALARM, "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")
    kept = {(thing.type, thing.id) for thing in engine.cloud.live()} - {
        (thing.type, thing.id) for thing in gone
    }
    for thing in gone:
        engine.cloud.remove(thing.type, thing.id)
    assert Counter(changes(engine.up(refresh=True))) == Counter(("create", thing.type) for thing in gone)
    assert kept <= {(thing.type, thing.id) for thing in engine.cloud.live()}
    assert sorted(t.urn for t in engine.cloud.live(*{t.type for t in gone})) == sorted(t.urn for t in gone)


# The end --------------------------------------------------------------------------------------------------------------


@every_stack()
def test_protected_things_refuse_and_then_everything_goes_in_an_order_that_the_clouds_accept(
    engine: EngineStack,
) -> None:
    data = {(thing.type, thing.id) for thing in engine.cloud.live(DATABASE, FILE_SYSTEM)}
    engine.configure(**{"drawbridge:protect": "true"})
    engine.up()
    # The engine refuses for the protected resources alone, and takes the others down all the same.
    refused = engine.destroy(fails=True)
    assert "because it is protected" in refused.output
    assert {(thing.type, thing.id) for thing in engine.cloud.live(DATABASE, FILE_SYSTEM)} == data
    assert [
        o for o in refused.operations if o.outcome != "ok"
    ] == []  # nothing that the data stands on was even tried
    engine.up()  # builds the rest around the data again
    assert {(thing.type, thing.id) for thing in engine.cloud.live(DATABASE, FILE_SYSTEM)} == data
    assert changes(engine.up()) == []
    engine.configure(**{"drawbridge:protect": "false"})
    engine.up()
    gone = engine.destroy()
    assert [
        o for o in gone.operations if o.outcome != "ok"
    ] == []  # the stand-in refuses what the clouds refuse
    # Of a database its final snapshot stays: database.finalSnapshot.
    databases = sum(kind == DATABASE for kind, _ in data)
    assert [thing.type for thing in engine.cloud.live()] == ["standin:rds/snapshot:Snapshot"] * databases
    order = [kind for op, kind in changes(gone) if op == "delete"]
    assert order.index(GROUP) < order.index(TUNNEL)
    # A policy goes after the applications that use it: the last word of both names is the entry of `access`.
    deleted = [
        o.name
        for o in gone.operations
        if o.op == "delete" and o.outcome == "ok" and o.type in (ACCESS_APPLICATION, ACCESS_POLICY)
    ]
    for position, name in enumerate(deleted):
        key = name.rpartition("-access-policy-")[2]
        assert [app for app in deleted[position:] if "-access-app-" in app and app.endswith(f"-{key}")] == []


def test_machines_come_after_their_way_out_and_go_before_it(tmp_path: Path, plugins: Path) -> None:
    engine = prepare("maycast-recorder", tmp_path, plugins)
    engine.configure(**{"drawbridge:protect": "false"})
    kinds = (
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "aws:ec2/route:Route",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
    )
    for kind in kinds:
        engine.cloud.fault(
            "slow", op="create", type=kind, times=0, seconds=3
        )  # no luck of the race: the group would win it
    created = [o for o in engine.up().operations if o.op == "create"]
    assert {o.type for o in created} >= {*kinds, GROUP}
    assert [o.name for o in created[[o.type for o in created].index(GROUP) :] if o.type in kinds] == []
    engine.cloud.fault("slow", op="delete", type=GROUP, seconds=3)
    deleted = [o for o in engine.destroy().operations if o.op == "delete"]
    assert [o.name for o in deleted[: [o.type for o in deleted].index(GROUP)] if o.type in kinds] == []
    assert engine.cloud.live() == []


# Secrets --------------------------------------------------------------------------------------------------------------

SAID_PLAINLY = 8
"""The highest log level of the CLI that prints no values. From 9 on it prints every value that it hands to a provider."""


def found_in(text: str, secrets: dict[str, str]) -> list[str]:
    """Which secrets the text holds, in plain, in base64 or as JSON escapes them."""
    forms = {
        name: (value, base64.b64encode(value.encode()).decode().rstrip("="), value.replace("/", "\\/"))
        for name, value in secrets.items()
    }
    return [name for name, spellings in forms.items() if any(form in text for form in spellings)]


@every_stack()
@pytest.mark.parametrize("delivery", ["cloud-init", "parameter-store"])
def test_no_secret_is_in_state_output_diff_or_log(
    engine: EngineStack, delivery: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    stack = request.node.callspec.params["engine"]
    engine.configure(**{"drawbridge:secretDelivery": delivery})
    log = ("--logtostderr", f"-v={SAID_PLAINLY}")
    texts = {"first up": engine.up().output}
    secrets = secrets_in(engine, stack)
    assert len(secrets) >= 3
    assert min(map(len, secrets.values())) >= 16
    release(engine)
    texts |= {
        "preview": engine.cli("preview", "--diff").output,
        "preview as JSON": engine.cli("preview", "--json").output,
        "log of a release": engine.cli("up", "--yes", "--diff", *log).output,
        "refresh": engine.cli("refresh", "--yes", "--diff", *log).output,
        "state": engine.cli("stack", "export").output,
        "outputs": engine.cli("stack", "output", "--json").output,
        "ids": engine.cli("stack", "--show-ids", "--show-urns").output,
        "config": engine.cli("config").output,
        "stack file": engine.file.read_text(),
    }
    secrets |= secrets_in(engine, stack)
    assert {name: found for name, text in texts.items() if (found := found_in(text, secrets))} == {}


def test_the_cli_itself_writes_secrets_from_log_level_9_on(engine: EngineStack) -> None:
    """Not the program's doing, and not curable by it: nobody should run CI with it, and docs/engine-tests.md says so."""
    release(engine)
    engine.configure(**{"drawbridge:secretDelivery": "parameter-store"})
    log = engine.cli("up", "--yes", "--skip-preview", "--logtostderr", f"-v={SAID_PLAINLY + 1}").output
    assert "given SESSION_SECRET" in found_in(log, secrets_in(engine, "maycast-recorder"))


def test_up_stops_before_anything_is_made_when_a_secret_has_no_value(tmp_path: Path, plugins: Path) -> None:
    engine = prepare("maycast-recorder", tmp_path, plugins)
    engine.configure(**{"drawbridge:secrets": None})
    assert "secrets.SESSION_SECRET: this secret has no value" in engine.preview().output
    refused = engine.up(fails=True)
    assert "pulumi config set --secret --path 'drawbridge:secrets.SESSION_SECRET'" in refused.output
    assert engine.cloud.live() == []


def test_a_secret_set_in_plain_text_is_refused(tmp_path: Path, plugins: Path) -> None:
    engine = prepare("maycast-recorder", tmp_path, plugins)
    engine.configure(**{"drawbridge:secrets": {"SESSION_SECRET": "plain"}})
    assert "secrets: values in plain text; remove SESSION_SECRET" in engine.preview(fails=True).output


# A failed release: decision 7 in the whole program (test_decision7.py tries its defences one by one) --------------------


def fail_a_release(engine: EngineStack) -> str:
    """The healthy group's id, after a release whose group never gets a healthy machine."""
    (healthy,) = engine.cloud.live(GROUP)
    release(engine)
    engine.cloud.fault("init-failed", op="create", type=GROUP)
    engine.up(fails=True)
    assert healthy.id in [group.id for group in engine.cloud.live(GROUP)]
    return healthy.id


def test_after_a_failed_release_the_next_up_tries_a_fresh_group(engine: EngineStack) -> None:
    healthy = fail_a_release(engine)
    engine.up()
    (group,) = engine.cloud.live(GROUP)
    assert (group.id != healthy, group.ready) == (True, True)


@pytest.mark.parametrize("how", ["refresh, then up", "up --refresh"])
def test_after_a_failed_release_and_a_refresh_the_healthy_group_is_kept_until_a_release_succeeds(
    engine: EngineStack, how: str
) -> None:
    healthy = fail_a_release(engine)
    for _ in range(2):
        if how == "up --refresh":
            refused = engine.up(refresh=True, fails=True)
        else:
            engine.refresh()
            refused = engine.up(fails=True)
        assert "no machine of" in refused.output
        assert healthy in [group.id for group in engine.cloud.live(GROUP)]
    release(engine)
    engine.up()
    (group,) = engine.cloud.live(GROUP)
    assert (group.id != healthy, group.ready) == (True, True)


@pytest.mark.parametrize("refresh", [False, True])
def test_without_the_defences_the_healthy_group_is_lost(engine: EngineStack, refresh: bool) -> None:
    """The trap is real. Without `#initerror` the next `up` springs it; with it, a refresh does."""
    host = engine.project / "components" / "host.py"
    text = host.read_text()
    assert text.count("if not self._looks_for_machines:") == text.count(', "#initerror"]') == 1
    text = text.replace("if not self._looks_for_machines:", "if True:")
    host.write_text(text if refresh else text.replace(', "#initerror"]', "]"))
    healthy = fail_a_release(engine)
    if refresh:
        engine.refresh()
    engine.up()
    groups = engine.cloud.live(GROUP)
    assert healthy not in [group.id for group in groups]
    assert [group.ready for group in groups] == [False]
