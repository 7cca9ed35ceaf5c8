"""Access changes before the machines do, the connector's rules after: between the two a login may be one that nobody can bring."""

from __future__ import annotations

from pathlib import Path

import pytest

from preview.changes import Consequence
from tests.preview.test_app_consequences import after_edits, effects

STACK = "Pulumi.prod.yaml"
RELEASE = ("CLIENT_TAG: v1.4.0", "CLIENT_TAG: v1.4.1", STACK)
PUBLIC = (
    "service: http://nginx:80, access: admins, origin",
    "service: http://nginx:80, access: public, origin",
    STACK,
)
LOGIN = (
    "{hostname: rec.example.com, service: http://nginx:80, access: public}",
    "{hostname: rec.example.com, service: http://nginx:80, access: admins}",
    STACK,
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edits", "refused"),
    # A login for the whole host takes /admin into the application of the host, whose login is another one.
    [
        ([PUBLIC, RELEASE], True),
        ([PUBLIC], False),
        ([RELEASE], False),
        ([LOGIN, RELEASE], True),
        ([LOGIN], False),
    ],
)
def test_a_login_that_goes_with_a_release_is_demanded_until_the_new_machines_serve(
    clone: Path, edits: list[tuple[str, str, str]], refused: bool
) -> None:
    said = effects(after_edits(clone, "maycast-recorder", *edits), Consequence.DOWNTIME)
    assert any("refused (403) while they boot" in why for why in said) is refused
