"""The file system, as those need it who mount it."""

from __future__ import annotations

from preview.resource_types import type_names
from tests.evaluations import deployed

MOUNT_TARGET = "aws:efs/mountTarget:MountTarget"


def test_machines_wait_for_every_mount_target() -> None:
    """The file system's name resolves only in zones that have one: a machine before it could mount nothing."""
    program = deployed("maycast-recorder")
    targets = {target.urn for target in program.of_type(MOUNT_TARGET)}
    (template,) = program.of_type(type_names.LAUNCH_TEMPLATE)
    assert len(targets) == 2
    assert targets <= set(template.options["propertyDependencies"]["userData"])
