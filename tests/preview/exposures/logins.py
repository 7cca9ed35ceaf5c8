"""Types of Access, a policy, and what is said of logins."""

from __future__ import annotations

from typing import Any

from tests.preview.opened import CF, Found

ACCESS_POLICY = f"{CF}zeroTrustAccessPolicy:ZeroTrustAccessPolicy"
PROVIDER = f"{CF}zeroTrustAccessIdentityProvider:ZeroTrustAccessIdentityProvider"
TOKEN = f"{CF}zeroTrustAccessServiceToken:ZeroTrustAccessServiceToken"
TEAM = f"{CF}zeroTrustOrganization:ZeroTrustOrganization"


def policy(*includes: dict[str, Any], **inputs: Any) -> dict[str, Any]:
    return {
        "name": "staff",
        "decision": "allow",
        "includes": list(includes),
        "sessionDuration": "24h",
        **inputs,
    }


def said(found: Found) -> list[str]:
    assert {kind for kind, *_ in found} <= {"login loosened"}
    return [text for *_, text in found]
