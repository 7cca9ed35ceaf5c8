"""The life of a stack with the real Pulumi CLI: what an evaluation in one process cannot show."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import EXAMPLES, ROOT, canary, example_file, secret_names

from .harness import EngineStack, Run, copy_project

GROUP = "aws:autoscaling/group:Group"
TUNNEL = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
APPLICATION = "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication"
POLICY = "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy"
LASTING = {"aws:rds/instance:Instance", "aws:efs/fileSystem:FileSystem", "aws:ec2/vpc:Vpc", TUNNEL}


def stack(example: str, place: Path, plugins: Path) -> EngineStack:
    project = copy_project(ROOT, place / "project")
    shutil.copy(example_file(example), project / "Pulumi.prod.yaml")
    return EngineStack(project, "prod", place, plugins)


@pytest.fixture
def engine(tmp_path: Path, plugins: Path, request: pytest.FixtureRequest) -> EngineStack:
    example = getattr(request, "param", "maycast-recorder")
    here = stack(example, tmp_path, plugins)
    for name in secret_names(example):
        here.secret(f"drawbridge:secrets.{name}", canary(name))
    return here


def edit_host(engine: EngineStack, **changes: Any) -> None:
    engine.edit(lambda config: config["drawbridge:host"].update(changes))


def changes(run: Run) -> list[tuple[str, str]]:
    """What was done to the clouds, in order; random values are no cloud's."""
    done = [o for o in run.operations if o.outcome == "ok" and o.op in ("create", "update", "delete")]
    return [(o.op, o.type) for o in done if not o.type.startswith("random:")]


@pytest.mark.parametrize("engine", EXAMPLES, indirect=True)
def test_a_stack_lives_and_leaves_nothing(engine: EngineStack) -> None:
    runs = [engine.cli("config"), engine.preview(), engine.up()]
    again = engine.up()
    assert (changes(again), again.planned()) == ([], [])
    refreshed = engine.up(refresh=True)
    assert changes(refreshed) == []
    # A release: the new group comes before the old one goes, the old one goes last, nothing that lasts is touched.
    (old,) = engine.cloud.live(GROUP)
    edit_host(engine, instanceType="t3.large")
    release = engine.up()
    assert changes(release) == [("update", "aws:ec2/launchTemplate:LaunchTemplate"), ("create", GROUP), ("delete", GROUP)] or (
        not LASTING & {kind for _, kind in changes(release)} and changes(release)[-1] == ("delete", GROUP)
    )
    (new,) = engine.cloud.live(GROUP)
    assert new.id != old.id
    # More machines are a number on the same group, and so are fewer.
    for replicas in (2, 1):
        edit_host(engine, replicas=replicas)
        runs.append(engine.up())
        assert [change for change in changes(runs[-1]) if change[1] == GROUP] == [("update", GROUP)]
    # Protected things refuse; unprotected, everything goes, in an order that the clouds accept.
    refused = engine.destroy(fails=True)
    assert "protected" in refused.output
    engine.configure(**{"drawbridge:protect": "false"})
    runs.append(engine.up())
    gone = engine.destroy()
    assert engine.cloud.live() == []
    order = [kind for op, kind in changes(gone) if op == "delete"]
    assert order.index(GROUP) < order.index(TUNNEL)
    assert max(i for i, kind in enumerate(order) if kind == APPLICATION) < min(
        i for i, kind in enumerate(order) if kind == POLICY
    )
    # Nothing secret was printed on the way.
    for run in [*runs, again, refreshed, release, refused, gone]:
        assert "canary-" not in run.output


@pytest.mark.parametrize("delivery", ["cloud-init", "parameter-store"])
def test_no_secret_is_in_the_exported_state(engine: EngineStack, delivery: str) -> None:
    engine.configure(**{"drawbridge:secretDelivery": delivery})
    engine.up()
    state = engine.cli("stack", "export").output
    assert "canary-" not in state
    # What the program made is secret too: the tunnel's secret, and the token that holds it.
    assert engine.cloud.one(TUNNEL).inputs["tunnelSecret"] not in state


def test_up_stops_before_anything_is_made_when_a_secret_has_no_value(tmp_path: Path, plugins: Path) -> None:
    engine = stack("maycast-recorder", tmp_path, plugins)
    assert "secrets/SESSION_SECRET: this secret has no value" in engine.preview().output
    refused = engine.up(fails=True)
    assert "pulumi config set --secret --path 'drawbridge:secrets.SESSION_SECRET'" in refused.output
    assert engine.cloud.live() == []


def test_a_secret_set_in_plain_text_is_refused(tmp_path: Path, plugins: Path) -> None:
    engine = stack("maycast-recorder", tmp_path, plugins)
    engine.configure(**{"drawbridge:secrets": {"SESSION_SECRET": "plain"}})
    assert "secrets: every value is encrypted" in engine.preview(fails=True).output


def test_rotation_makes_a_new_secret_and_not_a_new_tunnel(engine: EngineStack) -> None:
    engine.up()
    tunnel = engine.cloud.one(TUNNEL)
    engine.configure(**{"drawbridge:tunnel": {"rotation": "2"}})
    done = changes(engine.up())
    after = engine.cloud.one(TUNNEL)
    assert (after.id, after.inputs["tunnelSecret"] != tunnel.inputs["tunnelSecret"]) == (tunnel.id, True)
    assert done[-1] == ("delete", GROUP)
    assert not (LASTING - {TUNNEL}) & {kind for _, kind in done}


def test_a_route_comes_and_goes_without_touching_the_others(engine: EngineStack) -> None:
    engine.up()
    route = {"hostname": "new.example.com", "service": "http://nginx:80", "access": "public"}
    engine.edit(lambda config: config["drawbridge:routes"].append(route))
    added = changes(engine.up())
    assert ("create", "cloudflare:index/dnsRecord:DnsRecord") in added
    assert [change for change in added if change[0] == "delete" or change[1] == GROUP] == []
    engine.edit(lambda config: config["drawbridge:routes"].pop())
    removed = changes(engine.up())
    assert [change for change in removed if change[0] == "delete"] == [("delete", "cloudflare:index/dnsRecord:DnsRecord")]


def fail_a_release(engine: EngineStack) -> str:
    """The healthy group's id, after a release whose group never gets a healthy machine."""
    engine.up()
    (healthy,) = engine.cloud.live(GROUP)
    edit_host(engine, instanceType="t3.large")
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
    edit_host(engine, instanceType="t3.xlarge")
    engine.up()
    (group,) = engine.cloud.live(GROUP)
    assert (group.id != healthy, group.ready) == (True, True)


@pytest.mark.parametrize("refresh", [False, True])
def test_without_the_defences_the_healthy_group_is_lost(engine: EngineStack, refresh: bool) -> None:
    """The trap is real. Without `#initerror` the next `up` springs it; with it, a refresh does."""
    host = engine.project / "components" / "host.py"
    text = host.read_text()
    assert text.count("if pulumi.runtime.is_dry_run() or") == text.count(', "#initerror"]') == 1
    text = text.replace("if pulumi.runtime.is_dry_run() or", "if True or")
    host.write_text(text if refresh else text.replace(', "#initerror"]', "]"))
    healthy = fail_a_release(engine)
    if refresh:
        engine.refresh()
    engine.up()
    groups = engine.cloud.live(GROUP)
    assert healthy not in [group.id for group in groups]
    assert [group.ready for group in groups] == [False]
