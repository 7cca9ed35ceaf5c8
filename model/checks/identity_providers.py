"""Whether the providers that access names exist, and report what it asks for."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Finding, finding, problem
from ..settings import AccessPolicy, IdentityProvider


def check(
    access: Mapping[str, AccessPolicy], providers: Mapping[str, IdentityProvider], warnings: list[str]
) -> list[Finding]:
    found: list[Finding] = []
    have = ", ".join(sorted(providers)) or "none"
    for name, policy in access.items():
        place = f"access.{name}"
        wanted: list[tuple[str, str, str | None]] = [
            (f"{place}.providers[{i}]", provider, None) for i, provider in enumerate(policy.providers)
        ]
        for group, people in (("allow", policy.allow), ("require", policy.require), ("deny", policy.deny)):
            wanted += [
                (f"{place}.{group}.github[{i}].provider", g.provider, "github")
                for i, g in enumerate(people.github)
            ]
            wanted += [
                (f"{place}.{group}.claims[{i}].provider", c.provider, "oidc")
                for i, c in enumerate(people.claims)
            ]
        for where, provider, kind in wanted:
            if provider not in providers:
                found.append(finding(where, f"an entry of identityProviders ({have})", provider))
            elif kind and providers[provider].type != kind:
                found.append(
                    finding(
                        where,
                        f"a provider of type {kind}",
                        provider,
                        f"'{provider}' is of type {providers[provider].type}",
                    )
                )
        if policy.mfa == "provider":
            mute = sorted(p for p in policy.providers if p in providers and not providers[p].reports_mfa)
            fix = "use `mfa: true`, Cloudflare's own second factor, which works with every provider"
            if not policy.providers:
                found.append(
                    problem(
                        f"{place}.mfa",
                        "`mfa: provider` without `providers`, each of which must report how a person logged in",
                        f"name them, or {fix}",
                    )
                )
            elif mute:
                said = f"`mfa: provider` with providers that do not report it (amr), which locks everyone out: {', '.join(mute)}"
                found.append(
                    problem(
                        f"{place}.mfa", said, f"{fix}, or set sendsAmr: true on an oidc provider that does"
                    )
                )
        elif policy.mfa:
            warnings.append(
                f"{place}.mfa: the Zero Trust organisation must allow Cloudflare's own second factor (Settings, Authentication), "
                "and people enrol at https://TEAM.cloudflareaccess.com/AddMfaDevice before their first login"
            )
    if sum(provider.type == "onetimepin" and not provider.id for provider in providers.values()) > 1:
        found.append(
            problem(
                "identityProviders",
                "more than one provider of type onetimepin, of which an account has one",
                "remove the others, or name the existing one by `id`",
            )
        )
    for key, settings in providers.items():
        if settings.type == "onetimepin" and not settings.id:
            warnings.append(
                f"identityProviders.{key}: an account has one provider of type onetimepin, and most have it already: its "
                "creation fails there with 409, and `destroy` takes it from everybody. Name it by `id` (GET "
                "/accounts/ACCOUNT/access/identity_providers)"
            )
    return found
