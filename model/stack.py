"""One stack, loaded: every section parsed, the compose file read, and all of it checked together."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from . import bodies, limits, proof
from . import compose as compose_file
from . import database as database_facts
from . import facts as fact_values
from . import firewall as firewall_rules
from .errors import Finding, SettingsError, finding
from .routing import applications, mixed_hosts
from .settings import (
    DEFAULTS,
    REQUIRED,
    SECTIONS,
    AccessPolicy,
    Alerts,
    App,
    Cloudflare,
    Database,
    Firewall,
    Host,
    IdentityProvider,
    Network,
    Route,
    SecretDelivery,
    Tunnel,
)

TOKEN = "TUNNEL_TOKEN"


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Everything that decides which resources exist. Secrets are here by name alone."""

    name: str
    region: str
    cloudflare: Cloudflare
    app: App
    routes: tuple[Route, ...]
    access: Mapping[str, AccessPolicy]
    identity_providers: Mapping[str, IdentityProvider]
    firewall: Firewall
    tunnel: Tunnel
    network: Network
    host: Host
    database: Database | None
    alerts: Alerts | None
    secret_delivery: SecretDelivery
    protect: bool
    compose_text: str
    compose: compose_file.Compose
    files: Mapping[str, str]
    missing_secrets: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def secret_names(self) -> tuple[str, ...]:
        """Names of all secret variables that reach the machine's .env, sorted."""
        made = database_facts.SECRETS if self.database else ()
        return tuple(
            sorted({*self.app.secrets, *self.app.generate, *made, *fact_values.secret_aliases(self.app)})
        )

    @property
    def routed_services(self) -> tuple[str, ...]:
        return tuple(sorted({route.target for route in self.routes if route.target}))


def load(
    config: Mapping[str, Any],
    *,
    project: str,
    stack: str,
    region: str | None,
    read: Callable[[str], str],
    secrets: Mapping[str, int] | None,
    plain_secrets: bool = False,
    encrypted_sections: Collection[str] = (),
    previewing: bool,
) -> Stack:
    """Parse and check the `drawbridge:` namespace of a stack file.

    ``config`` maps section names to parsed values, without `secrets`; of these ``secrets`` tells each name and how many
    bytes its value has (None: the key is not a mapping). ``plain_secrets`` says that they were not encrypted.
    ``encrypted_sections`` are other sections that hold encrypted values. ``read`` gives the text of a project file and
    raises OSError or UnicodeDecodeError. A secret without a value is a warning while ``previewing`` and otherwise an error.

    Raises SettingsError with all findings at once.
    """
    found: list[Finding] = []
    warnings: list[str] = []
    parsed = _parse_sections(config, found)
    found += _environment(project, stack, region, encrypted_sections)

    cloudflare: Cloudflare | None = parsed.get("cloudflare")
    app: App | None = parsed.get("app")
    routes: tuple[Route, ...] | None = parsed.get("routes")
    access: Mapping[str, AccessPolicy] | None = parsed.get("access")
    providers: Mapping[str, IdentityProvider] | None = parsed.get("identityProviders")
    firewall: Firewall | None = parsed.get("firewall")
    database: Database | None = parsed.get("database")
    network: Network | None = parsed.get("network")

    compose, text, files = _read_app(app, read, found)
    if app:
        found += _names_are_distinct(app, database)
        if "database" in parsed:
            found += _facts(app, database, access, warnings)
    if app and cloudflare:
        more, notes = bodies.check(app.max_body_mb, files, cloudflare.plan)
        found += more
        warnings += notes
    if network and "tunnel" in parsed and not network.vpc_id:
        found += _subnet(parsed["tunnel"], network)
    if compose and app and not compose.findings and "database" in parsed:
        supplied = {*app.env, *app.secrets, *app.generate, *app.facts}
        if database:
            supplied |= {*database_facts.variables(database, ""), *database_facts.SECRETS}
        more, notes = compose_file.check(compose, app, supplied)
        found += more
        warnings += notes
        if database:
            found += _database_services(compose, app, database, warnings)
    if routes is not None:
        found += _routes(routes, cloudflare, app, warnings)
        if access is not None:
            found += _access_names(routes, access, warnings)
        if compose and app and not compose.findings:
            found += _targets(routes, compose, app)
        if cloudflare and firewall:
            more, notes = firewall_rules.check(firewall, cloudflare, routes)
            found += more
            warnings += notes
    if access is not None:
        found += _access_limits(access, providers or {})
    if access is not None and providers is not None:
        found += _providers(access, providers, warnings)
    if network and region and network.zones:
        found += [
            finding(f"network/zones/{i}", f"a zone of {region}", zone)
            for i, zone in enumerate(network.zones)
            if not zone.startswith(region)
        ]
    missing: tuple[str, ...] = ()
    if app is not None and providers is not None and firewall is not None:
        more, missing = _secrets(app, providers, firewall, secrets, plain_secrets)
        if parsed.get("secretDelivery") == "parameter-store":
            more += _parameter_sizes(app, secrets or {})
        found += more
        texts = [_missing_secret(name) for name in missing]
        if previewing:
            warnings += [str(item) for item in texts]
        else:
            found += texts
    if found:
        raise SettingsError(found, stack)
    assert cloudflare and app and routes is not None and access is not None and providers is not None
    assert firewall and network and compose and region
    return Stack(
        name=f"{project}-{stack}",
        region=region,
        cloudflare=cloudflare,
        app=app,
        routes=routes,
        access=access,
        identity_providers=providers,
        firewall=firewall,
        tunnel=parsed["tunnel"],
        network=network,
        host=parsed["host"],
        database=database,
        alerts=parsed["alerts"],
        secret_delivery=parsed["secretDelivery"],
        protect=parsed["protect"],
        compose_text=text,
        compose=compose,
        files=files,
        missing_secrets=missing,
        warnings=tuple(warnings),
    )


# --- sections ---------------------------------------------------------------------------------------------------------


def _parse_sections(config: Mapping[str, Any], found: list[Finding]) -> dict[str, Any]:
    parsed: dict[str, Any] = {}
    for key in sorted(set(config) - set(SECTIONS)):
        found.append(
            finding(
                key,
                f"a known section: {', '.join([*SECTIONS, 'secrets'])}",
                cure=_did_you_mean(key, SECTIONS),
            )
        )
    for section, kind in SECTIONS.items():
        if section not in config and section in REQUIRED:
            found.append(finding(section, "this section is required"))
            continue
        value = config.get(section, DEFAULTS.get(section))
        try:
            is_model = isinstance(kind, type) and issubclass(kind, BaseModel)
            adapter: TypeAdapter[Any] = TypeAdapter(
                kind, config=None if is_model else ConfigDict(hide_input_in_errors=True)
            )
            parsed[section] = adapter.validate_python(value)
        except ValidationError as error:
            found += [_finding(section, item, kind) for item in error.errors(include_url=False)]
    return parsed


def _finding(section: str, error: Any, kind: Any) -> Finding:
    """One of pydantic's errors in our words: path, rule, value, cure."""
    steps = [
        str(step) for step in error["loc"] if step != "[key]"
    ]  # pydantic's mark of a bad key, which is the step before
    path = "/".join([section, *steps])
    code, context = error["type"], error.get("ctx", {})
    if code == "missing":
        return finding(path, "this key is required")
    if code == "extra_forbidden":
        known = _keys_at(kind, error["loc"][:-1])
        rule = f"a known key: {', '.join(known)}" if known else "this key is unknown"
        return finding(path, rule, cure=_did_you_mean(str(error["loc"][-1]), known))
    if code == "value_error":
        rule = str(context.get("error", error["msg"]))
    elif code in ("literal_error", "enum"):
        rule = f"one of {context['expected']}"
    elif code in _BOUNDS:
        rule = _BOUNDS[code].format(**context)
    else:
        rule = _TYPE_RULES.get(code, error["msg"][:1].lower() + error["msg"][1:])
    value = error["input"]
    return (
        finding(path, rule)
        if isinstance(value, dict) and code == "value_error"
        else finding(path, rule, value)
    )


_BOUNDS = {"greater_than_equal": "at least {ge}", "less_than_equal": "at most {le}"}
_TYPE_RULES = {
    "model_type": "a mapping of keys",
    "model_attributes_type": "a mapping of keys",
    "dict_type": "a mapping of names",
    "tuple_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "too_short": "a list that is not empty",
    "string_too_short": "text that is not empty",
}


def _keys_at(kind: Any, location: tuple[Any, ...]) -> list[str]:
    """The keys that the model at a place of the section knows."""
    for step in location:
        fields = getattr(kind, "model_fields", None)
        if fields:
            match = next((f for name, f in fields.items() if step in (f.alias, name)), None)
            kind = match.annotation if match else None
        kind = _inner(kind, step)
    fields = getattr(_inner(kind, None), "model_fields", {})
    return [field.alias or name for name, field in fields.items()]


def _inner(kind: Any, step: Any) -> Any:
    """The model inside `tuple[Model, ...]`, `dict[str, Model]` or `Model | None`."""
    while kind is not None and not hasattr(kind, "model_fields"):
        candidates = [a for a in get_args(kind) if a not in (Ellipsis, type(None), str)]
        if not candidates:
            return None
        kind = candidates[-1] if not hasattr(candidates[0], "model_fields") else candidates[0]
    return kind


def _did_you_mean(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"Did you mean {near[0]}?" if near else ""


# --- what holds between sections --------------------------------------------------------------------------------------


def _environment(project: str, stack: str, region: str | None, encrypted: Collection[str]) -> list[Finding]:
    found = [
        finding(
            section,
            "encrypted values stand under drawbridge:secrets alone: elsewhere they would be taken for plain text",
            cure=f"pulumi config set --secret --path 'drawbridge:secrets.NAME', and name it in {section}.",
        )
        for section in sorted(encrypted)
    ]
    if not region:
        found.append(
            finding("aws:region", "the AWS region is set", cure="pulumi config set aws:region ap-northeast-1")
        )
    elif not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        found.append(finding("aws:region", "an AWS region such as ap-northeast-1", region))
    # The longest name made of it is an IAM role's: 64 characters with the suffix that Pulumi adds.
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,40}", f"{project}-{stack}"):
        rule = "the project's and stack's names make a prefix of lower-case letters, digits and -, at most 41"
        found.append(finding("stack", rule, f"{project}-{stack}"))
    return found


def _read_app(
    app: App | None, read: Callable[[str], str], found: list[Finding]
) -> tuple[compose_file.Compose | None, str, dict[str, str]]:
    if app is None:
        return None, "", {}

    def text_of(place: str, path: str) -> str | None:
        try:
            return read(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = "text in UTF-8" if isinstance(error, UnicodeDecodeError) else "a file of the project"
            found.append(finding(place, reason, path, "Paths are relative to the folder of Pulumi.yaml."))
            return None

    reserved = {"compose.yaml", "overlay.yaml", ".env"}
    files: dict[str, str] = {}
    for target, source in app.files.items():
        if target.split("/")[0] in reserved:
            found.append(finding(f"app/files/{target}", f"a name other than {', '.join(sorted(reserved))}"))
        below = sorted(other for other in app.files if other.startswith(target + "/"))
        if below:
            found.append(
                finding(f"app/files/{target}", f"a file or a folder, not both; {below[0]} lies in it")
            )
        files[target] = text_of(f"app/files/{target}", source) or ""
    text = text_of("app/compose", app.compose)
    if text is None:
        return None, "", files
    compose = compose_file.parse(text)
    found += compose.findings
    return compose, text, files


def _names_are_distinct(app: App, database: Database | None) -> list[Finding]:
    found: list[Finding] = []
    ours = {TOKEN: "the connector's"}
    if database:
        ours |= dict.fromkeys(
            [*database_facts.variables(database, ""), *database_facts.SECRETS], "the database's"
        )
    seen: dict[str, str] = {}
    for section, names in (
        ("env", app.env),
        ("secrets", app.secrets),
        ("generate", app.generate),
        ("facts", app.facts),
    ):
        for position, name in enumerate(names):
            place = f"app/{section}/{position if section == 'secrets' else name}"
            if name in ours:
                found.append(
                    finding(
                        place, f"{name} is {ours[name]}, and set by Drawbridge", cure="Choose another name."
                    )
                )
            elif name in seen:
                found.append(finding(place, f"a variable is named once; {name} is in app.{seen[name]} too"))
            seen.setdefault(name, section)
    return found


def _facts(
    app: App, database: Database | None, access: Mapping[str, AccessPolicy] | None, warnings: list[str]
) -> list[Finding]:
    found: list[Finding] = []
    used = {name for fact in app.facts.values() for name in fact.of}
    for variable, fact in app.facts.items():
        if fact.of[0] in fact_values.DATABASE and database is None:
            found.append(
                finding(
                    f"app/facts/{variable}",
                    "a stack with a database",
                    fact.of[0],
                    "Add the section database.",
                )
            )
        if "frontends" in fact.of and not app.frontends:
            found.append(finding(f"app/facts/{variable}", "front ends in app.frontends", list(fact.of)))
    if app.frontends and "frontends" not in used:
        warnings.append(
            "app/frontends: no fact hands them to the app, which has to allow them (CORS): app.facts: {CORS_ORIGINS: frontends}"
        )
    for name, policy in (access or {}).items():
        if policy.cross_site and not app.frontends:
            rule = "front ends in app.frontends: they are the origins that may send the login along"
            found.append(finding(f"access/{name}/crossSite", rule, True))
    return found


def _subnet(tunnel: Tunnel, network: Network) -> list[Finding]:
    if ipaddress.ip_network(tunnel.subnet).overlaps(ipaddress.ip_network(network.cidr)):
        rule = f"a range outside the VPC's ({network.cidr}): machines could not tell the two apart"
        return [finding("tunnel/subnet", rule, tunnel.subnet)]
    return []


def _database_services(
    compose: compose_file.Compose, app: App, database: Database, warnings: list[str]
) -> list[Finding]:
    have = ", ".join(sorted(compose.services))
    found = [
        finding(f"database/services/{i}", f"a service of the compose file ({have})", name)
        for i, name in enumerate(database.services or ())
        if name not in compose.services
    ]
    readers = () if found else compose_file.database_services(compose, database, fact_values.aliases(app))
    found += compose_file.own_database(compose, readers)
    if not found and not readers:
        warnings.append(
            "database: no service of the compose file mentions DATABASE_URL or a PG* variable; name them in database.services"
        )
    return found


def _routes(
    routes: tuple[Route, ...], cloudflare: Cloudflare | None, app: App | None, warnings: list[str]
) -> list[Finding]:
    if not routes:
        return [finding("routes", "at least one route", [])]
    found: list[Finding] = []
    seen: dict[tuple[str, str], int] = {}
    for position, route in enumerate(routes):
        place = f"routes/{position}"
        key = (route.hostname, str(route.path or ""))
        if key in seen:
            rule = f"a hostname and path have one route; routes/{seen[key]} has them already"
            found.append(finding(place, rule, " ".join(filter(None, key))))
        seen.setdefault(key, position)
        if cloudflare:
            zone = cloudflare.zone
            if route.hostname != zone and not route.hostname.endswith("." + zone):
                found.append(finding(f"{place}/hostname", f"a hostname of the zone {zone}", route.hostname))
            elif len(route.hostname.removesuffix(zone).strip(".").split(".")) > 1:
                warnings.append(
                    f"{place}/hostname: {route.hostname} is two levels below {zone}; Cloudflare's free certificate covers one, "
                    "an advanced certificate is needed"
                )
    for host in mixed_hosts(routes):
        if any(not route.public for route in routes if route.hostname == host):
            warnings.append(
                f"routes: {host} has paths with different access. A path is a weak boundary: odd spellings are refused at the "
                "edge and the connector checks the login, but a hostname of its own is stronger"
            )
    if not found:
        found += proof.holes(routes, app.allow.by_host if app else ())
    for application in applications(routes):
        if len(application.destinations) > limits.DESTINATIONS_PER_APPLICATION:
            found.append(
                finding(
                    "routes",
                    f"Access covers {limits.DESTINATIONS_PER_APPLICATION} destinations with one application (`/x/*` is two)",
                    list(application.destinations),
                    f"Join the paths of '{application.access or 'public'}' on {application.hostname}.",
                )
            )
    return found


def _access_names(
    routes: tuple[Route, ...], access: Mapping[str, AccessPolicy], warnings: list[str]
) -> list[Finding]:
    found: list[Finding] = []
    names = ", ".join(["public", *sorted(access)])
    if "public" in access:
        found.append(
            finding("access/public", "`public` is a word of its own, no entry", cure="Choose another name.")
        )
    for position, route in enumerate(routes):
        if not route.public and route.access not in access:
            found.append(
                finding(
                    f"routes/{position}/access",
                    f"`public` or an entry of access (there are {names})",
                    route.access,
                )
            )
    warnings += [
        f"access/{name}: no route uses it"
        for name in sorted(set(access) - {r.access for r in routes} - {"public"})
    ]
    return found


def _access_limits(
    access: Mapping[str, AccessPolicy], providers: Mapping[str, IdentityProvider]
) -> list[Finding]:
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


def _targets(routes: tuple[Route, ...], compose: compose_file.Compose, app: App) -> list[Finding]:
    found: list[Finding] = []
    have = ", ".join(compose.services)
    for position, route in enumerate(routes):
        place = f"routes/{position}/service"
        if route.target is None:
            continue
        service = compose.services.get(route.target)
        if service is None:
            found.append(
                finding(place, f"no service '{route.target}' in compose.yaml, it has {have}", route.service)
            )
        elif route.target in compose_file.run_once(compose, app):
            found.append(
                finding(
                    place, f"'{route.target}' runs once and ends; it serves nobody (app.once)", route.service
                )
            )
        elif service.profiles:
            found.append(
                finding(
                    place,
                    f"service '{route.target}' has `profiles` and is not started by itself",
                    route.service,
                )
            )
        elif service.network_mode:
            rule = f"a routed service is on the compose network; '{route.target}' has `network_mode: {service.network_mode}`"
            found.append(finding(place, rule, route.service, "The connector could not find it."))
        elif route.target in app.private:
            rule = f"'{route.target}' is private to {', '.join(app.private[route.target])} (app.private)"
            found.append(
                finding(place, rule, route.service, "Route to one of these, or take it out of app.private.")
            )
        elif not service.checked and route.target not in app.allow.no_healthcheck:
            found.append(
                finding(
                    place,
                    f"a routed service has a healthcheck in the compose file; '{route.target}' has none",
                    route.service,
                    "Without one a release cannot wait until it serves. Add `healthcheck`, or list it in "
                    "app.allow.noHealthcheck.",
                )
            )
    return found


def _providers(
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


def _secrets(
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
                f"secrets/{name}", rule, cure=_did_you_mean(name, needed) or "Name it, or remove its value."
            )
        )
    return found, tuple(sorted(name for name in needed if not secrets.get(name)))


def _parameter_sizes(app: App, secrets: Mapping[str, int]) -> list[Finding]:
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


def _missing_secret(name: str) -> Finding:
    return finding(
        f"secrets/{name}",
        "this secret has no value",
        cure=f"pulumi config set --secret --path 'drawbridge:secrets.{name}'",
    )
