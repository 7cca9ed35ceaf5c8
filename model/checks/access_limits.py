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
                finding(place, f"an account has at most {allowed} {what}", count, "Share some of them.")
            )
    for name, policy in access.items():
        for group, people in (("allow", policy.allow), ("require", policy.require), ("deny", policy.deny)):
            for label, count, allowed, cure in (
                (
                    "emails",
                    len(people.emails),
                    limits.EMAILS_PER_RULE,
                    "Name a mail domain, or a group of the account (groups).",
                ),
                (
                    "ips",
                    len(people.ips),
                    limits.ADDRESSES_PER_RULE,
                    "Join ranges, or name a group of the account (groups).",
                ),
            ):
                if count > allowed:
                    rule = f"Access takes at most {allowed} {label} in one rule"
                    found.append(finding(f"access/{name}/{group}/{label}", rule, count, cure))
            for position, claim in enumerate(people.claims):
                provider = providers.get(claim.provider)
                if (
                    provider
                    and provider.type == "oidc"
                    and not provider.id
                    and claim.claim not in provider.claims
                ):
                    rule = f"a claim that '{claim.provider}' hands on (identityProviders.{claim.provider}.claims)"
                    cure = f"Add {claim.claim} there; without it nobody would fit."
                    found.append(
                        finding(f"access/{name}/{group}/claims/{position}/claim", rule, claim.claim, cure)
                    )
    return found
