"""Who may pass: what Access would make of an entry, where that lets nobody in."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from model.settings import AccessPolicy
from tests.model.stacks import changed, findings, load_stack

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


def test_a_place_that_is_too_long_for_an_application_is_refused() -> None:
    """cloudflare-one/account-limits: an application's URL has 63 characters."""
    path = "/" + "a" * (63 - len("app.example.com/") - len("/*"))
    assert findings(changed("routes/1/path", f"{path}/*")) == []
    (found,) = findings(changed("routes/1/path", f"{path}b/*"))
    assert "at most 63 characters" in str(found)


def test_http2_to_a_service_without_tls_is_refused() -> None:
    (found,) = findings(changed("routes/1/origin", {"http2Origin": True}))
    assert "http2Origin means nothing for http://" in str(found)
    tls = changed("routes/1/origin", {"http2Origin": True})
    tls["routes"][1]["service"] = "https://api:8000"
    assert findings(tls) == []


def test_a_one_time_pin_of_the_stacks_own_is_warned_of() -> None:
    own = changed("identityProviders/pin", {"type": "onetimepin"})
    assert any("identityProviders.pin" in text and "409" in text for text in load_stack(own).warnings)
    known = changed("identityProviders/pin", {"type": "onetimepin", "id": GROUP})
    assert not any("identityProviders.pin" in text for text in load_stack(known).warnings)
