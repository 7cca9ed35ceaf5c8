"""Whether the providers that access names exist, and report what it asks for."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Finding, finding
from ..settings import AccessPolicy, IdentityProvider


def check(
    access: Mapping[str, AccessPolicy], providers: Mapping[str, IdentityProvider], warnings: list[str]
) -> list[Finding]:
    found: list[Finding] = []
    have = ", ".join(sorted(providers)) or "none"
    for name, policy in access.items():
        place = f"access/{name}"
        wanted: list[tuple[str, str, str | None]] = [
            (f"{place}/providers/{i}", provider, None) for i, provider in enumerate(policy.providers)
        ]
        for group, people in (("allow", policy.allow), ("require", policy.require), ("deny", policy.deny)):
            wanted += [
                (f"{place}/{group}/github/{i}/provider", g.provider, "github")
                for i, g in enumerate(people.github)
            ]
            wanted += [
                (f"{place}/{group}/claims/{i}/provider", c.provider, "oidc")
                for i, c in enumerate(people.claims)
            ]
        for where, provider, kind in wanted:
            if provider not in providers:
                found.append(finding(where, f"an entry of identityProviders (there are {have})", provider))
            elif kind and providers[provider].type != kind:
                found.append(
                    finding(
                        where,
                        f"a provider of type {kind}; '{provider}' is {providers[provider].type}",
                        provider,
                    )
                )
        if policy.mfa == "provider":
            mute = sorted(p for p in policy.providers if p in providers and not providers[p].reports_mfa)
            cure = "Use `mfa: true`, Cloudflare's own second factor, which works with every provider."
            if not policy.providers:
                found.append(
                    finding(
                        f"{place}/mfa",
                        "`mfa: provider` names the providers, each of which reports how a person logged in",
                        cure=cure,
                    )
                )
            elif mute:
                rule = f"`mfa: provider` needs providers that report it (amr), and {', '.join(mute)} would lock everyone out"
                found.append(
                    finding(
                        f"{place}/mfa",
                        rule,
                        "provider",
                        cure + " Or set sendsAmr: true on an oidc provider that does.",
                    )
                )
        elif policy.mfa:
            warnings.append(
                f"{place}/mfa: the Zero Trust organisation must allow Cloudflare's own second factor (Settings, Authentication), "
                "and people enrol at https://TEAM.cloudflareaccess.com/AddMfaDevice before their first login"
            )
    if sum(provider.type == "onetimepin" and not provider.id for provider in providers.values()) > 1:
        found.append(finding("identityProviders", "an account has one provider of type onetimepin"))
    return found
