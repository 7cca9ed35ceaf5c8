"""Whether each secret has a value that is encrypted, and each value a use."""

from __future__ import annotations

from collections.abc import Mapping

from .. import limits
from ..errors import Finding, did_you_mean, finding, problem
from ..lines import step
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
            found.append(_unnamed(f"app.registries[{position}].password", registry.password))
    for name, provider in providers.items():
        if provider.client_secret:
            needed.add(provider.client_secret)
            if provider.client_secret in app.secrets:
                found.append(
                    finding(
                        f"identityProviders.{name}.clientSecret",
                        "a secret that is not in app.secrets",
                        provider.client_secret,
                        "remove it there: the machines have no use for it",
                    )
                )
    verify = firewall.origin_verify
    if verify and verify.secret not in needed and verify.secret not in app.generate:
        found.append(_unnamed("firewall.originVerify.secret", verify.secret))
    if plain and secrets:
        command = "pulumi config set --secret --path 'drawbridge:secrets.NAME'"
        fix = f"remove {', '.join(sorted(secrets))} from the file, set them with {command}, and change them"
        found.append(problem("secrets", "values in plain text", fix))
    for name in sorted(set(secrets) - needed):
        place = step("secrets", name)
        if name in app.generate:
            found.append(problem(place, "app.generate makes this value", "remove it here, or there"))
            continue
        expected = "a name of app.secrets or a provider's clientSecret"
        found.append(
            finding(place, expected, name, did_you_mean(name, needed) or "name it there, or remove its value")
        )
    return found, tuple(sorted(name for name in needed if not secrets.get(name)))


def parameter_sizes(app: App, secrets: Mapping[str, int]) -> list[Finding]:
    return [
        finding(
            step("secrets", name),
            f"at most {limits.PARAMETER_BYTES} bytes, as many as a parameter holds (above {limits.STANDARD_PARAMETER_BYTES} it "
            "becomes an advanced one, which costs)",
            secrets[name],
            "split it into several, or keep it where the app can fetch it; `secretDelivery: cloud-init` takes it if all of the "
            "machine's cloud-init, packed, stays under 16 KB",
        )
        for name in app.secrets
        if secrets.get(name, 0) > limits.PARAMETER_BYTES
    ]


def _unnamed(place: str, name: str) -> Finding:
    return finding(place, "a name of app.secrets or app.generate", name, f"add {name} to app.secrets")


def missing(name: str) -> Finding:
    return problem(
        step("secrets", name),
        "this secret has no value",
        f"pulumi config set --secret --path 'drawbridge:secrets.{name}'",
    )
