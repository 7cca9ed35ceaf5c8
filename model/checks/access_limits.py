"""What an account may hold of Access."""

from __future__ import annotations

from collections.abc import Mapping

from .. import limits
from ..errors import Finding, finding
from ..settings import AccessPolicy, IdentityProvider


def check(access: Mapping[str, AccessPolicy], providers: Mapping[str, IdentityProvider]) -> list[Finding]:
    """What an account may hold, as far as one stack alone can break it."""
    found: list[Finding] = []
    tokens = {token for policy in access.values() for token in policy.service_tokens}
    for place, what, count, allowed in (
        ("access", "service tokens", len(tokens), limits.SERVICE_TOKENS),
        ("identityProviders", "identity providers", len(providers), limits.IDENTITY_PROVIDERS),
    ):
        if count > allowed:
            found.append(
                finding(
                    place, f"at most {allowed} {what}, as many as an account has", count, "share some of them"
                )
            )
    for name, policy in access.items():
        for group, people in (("allow", policy.allow), ("require", policy.require), ("deny", policy.deny)):
            for label, count, allowed, fix in (
                (
                    "emails",
                    len(people.emails),
                    limits.EMAILS_PER_RULE,
                    "name a mail domain, or a group of the account (groups)",
                ),
                (
                    "ips",
                    len(people.ips),
                    limits.ADDRESSES_PER_RULE,
                    "join ranges, or name a group of the account (groups)",
                ),
            ):
                if count > allowed:
                    expected = f"at most {allowed} {label}, as many as Access takes in one rule"
                    found.append(finding(f"access.{name}.{group}.{label}", expected, count, fix))
            for position, claim in enumerate(people.claims):
                provider = providers.get(claim.provider)
                if (
                    provider
                    and provider.type == "oidc"
                    and not provider.id
                    and claim.claim not in provider.claims
                ):
                    expected = f"a claim that '{claim.provider}' passes on (identityProviders.{claim.provider}.claims)"
                    fix = f"add {claim.claim} there: without it nobody would match"
                    found.append(
                        finding(f"access.{name}.{group}.claims[{position}].claim", expected, claim.claim, fix)
                    )
    return found
