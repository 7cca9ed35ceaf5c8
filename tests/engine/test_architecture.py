"""Machines of another architecture start from an image of theirs; machines of the same one keep the image that they have."""

from __future__ import annotations

import pytest

from .cloud import FACTS
from .harness import EngineStack
from .stacks import GROUP, LAUNCH_TEMPLATE, edit_host

NEWER = {"ami": "ami-0f0000000000000ff", "ami-arm64": "ami-0f000000000000a65"}


@pytest.fixture
def engine(engine: EngineStack) -> EngineStack:
    """The stack on an x86 machine, after Canonical has published newer images."""
    for name, image in NEWER.items():
        engine.cloud.state_fact(name, image)
    return engine


def template(engine: EngineStack) -> tuple[str, str]:
    """The image and the type of the template that the one group starts its machines from."""
    (group,) = engine.cloud.live(GROUP)
    (found,) = engine.cloud.live(LAUNCH_TEMPLATE)
    assert group.inputs["launchTemplate"]["id"] == found.id
    assert group.ready
    return found.inputs["imageId"], found.inputs["instanceType"]


def test_another_size_keeps_the_image(engine: EngineStack) -> None:
    edit_host(engine, instanceType="t3.xlarge")
    run = engine.up()
    assert template(engine) == (FACTS["ami"], "t3.xlarge")
    assert run.done("create", LAUNCH_TEMPLATE) == []


@pytest.mark.parametrize("type_", ["t4g.medium", "m7g.large", "c8gn.large"])
def test_another_architecture_takes_an_image_of_its_own_before_the_old_machines_go(
    engine: EngineStack, type_: str
) -> None:
    old_template, old_group = engine.cloud.one(LAUNCH_TEMPLATE).id, engine.cloud.one(GROUP).id
    edit_host(engine, instanceType=type_)
    run = engine.up()
    assert template(engine) == (NEWER["ami-arm64"], type_)
    order = [(o.op, o.type, o.id) for o in run.operations if o.op in ("create", "delete")]
    (created,) = run.done("create", GROUP)
    assert order.index(("create", GROUP, created)) < order.index(("delete", GROUP, old_group))
    assert order.index(("delete", GROUP, old_group)) < order.index(("delete", LAUNCH_TEMPLATE, old_template))


def test_the_way_back_takes_an_image_of_x86_again_and_the_next_up_changes_nothing(
    engine: EngineStack,
) -> None:
    for type_, image in (("t4g.medium", NEWER["ami-arm64"]), ("t3.medium", NEWER["ami"])):
        edit_host(engine, instanceType=type_)
        engine.up()
        assert template(engine) == (image, type_)
        assert engine.up().planned() == []
