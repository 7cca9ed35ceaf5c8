"""Who may pass: what Access would make of an entry, where that lets nobody in."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from model.settings import AccessPolicy

GROUP = "12345678-1234-1234-1234-123456789012"


def policy(**require: Any) -> AccessPolicy:
    return AccessPolicy.model_validate({"allow": {"everyone": True}, "require": require})


@pytest.mark.parametrize(
    "require",
    [
        {"countries": ["JP", "DE"]},
        {"emails": ["a@example.org", "b@example.org"]},
        {"domains": ["example.org", "example.com"]},
        {"ips": ["203.0.113.0/24", "198.51.100.0/24"]},
        {"ips": ["203.0.113.0/24", "2001:db8::/32"]},
    ],
)
def test_what_nobody_can_be_at_once_is_refused_with_the_group_that_works(require: dict[str, Any]) -> None:
    """cloudflare-one/access-controls/policies: the values of a Require rule are joined by AND."""
    with pytest.raises(ValidationError, match="by AND"):
        policy(**require)


def test_what_somebody_can_be_at_once_is_taken() -> None:
    assert policy(countries=["JP"], domains=["example.org"], ips=["203.0.113.0/24", "203.0.113.0/28"])
    assert policy(groups=[GROUP, GROUP.replace("1", "2")])
