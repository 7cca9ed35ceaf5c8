"""Whether each secret has a value that is encrypted, and each value a use."""

from __future__ import annotations

from collections.abc import Mapping

from .. import limits
from ..errors import Finding, did_you_mean, finding
from ..settings import App, Firewall, IdentityProvider


def check(
    app: App,
    providers: Mapping[str, IdentityProvider],
    firewall: Firewall,
    secrets: Mapping[str, int] | None,
    plain: bool,
) -> tuple[list[Finding], tuple[str, ...]]:
    """Findings, and the names of secrets that have no value."""
    if secrets is None:
        return [finding("secrets", "a mapping of names to encrypted values")], ()
    found: list[Finding] = []
    needed = set(app.secrets)
    for position, registry in enumerate(app.registries):
        if registry.password and registry.password not in needed:
            found.append(_unnamed(f"app/registries/{position}/password", registry.password))
    for name, provider in providers.items():
        if provider.client_secret:
            needed.add(provider.client_secret)
            if provider.client_secret in app.secrets:
                rule = "a client's secret is not in app.secrets: the machines have no use for it"
                found.append(finding(f"identityProviders/{name}/clientSecret", rule, provider.client_secret))
    verify = firewall.origin_verify
    if verify and verify.secret not in needed and verify.secret not in app.generate:
        found.append(_unnamed("firewall/originVerify/secret", verify.secret))
    if plain and secrets:
        command = "pulumi config set --secret --path 'drawbridge:secrets.NAME'"
        cure = f"Remove them from the file, set them with {command}, and change them."
        found.append(finding("secrets", "every value is encrypted", sorted(secrets), cure))
    for name in sorted(set(secrets) - needed):
        rule = (
            "a name of app.secrets or a provider's clientSecret"
            if name not in app.generate
            else f"{name} is generated, and has no value here"
        )
        found.append(
            finding(
                f"secrets/{name}", rule, cure=did_you_mean(name, needed) or "Name it, or remove its value."
            )
        )
    return found, tuple(sorted(name for name in needed if not secrets.get(name)))


def parameter_sizes(app: App, secrets: Mapping[str, int]) -> list[Finding]:
    return [
        finding(
            f"secrets/{name}",
            f"a parameter of the parameter store has at most {limits.PARAMETER_BYTES} bytes (above "
            f"{limits.STANDARD_PARAMETER_BYTES} it becomes an advanced one, which costs)",
            secrets[name],
            "Split it into several, or keep it where the app can fetch it. secretDelivery: cloud-init takes it if all of the "
            "machine's cloud-init, packed, stays under 16 KB.",
        )
        for name in app.secrets
        if secrets.get(name, 0) > limits.PARAMETER_BYTES
    ]


def _unnamed(place: str, name: str) -> Finding:
    return finding(
        place, "a secret named in app.secrets or made by app.generate", name, f"Add {name} to app.secrets."
    )


def missing(name: str) -> Finding:
    return finding(
        f"secrets/{name}",
        "this secret has no value",
        cure=f"pulumi config set --secret --path 'drawbridge:secrets.{name}'",
    )
