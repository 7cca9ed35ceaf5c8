"""Logins: policies, groups and applications of Access, compared by whom they let in and what they ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from model.naming import Names
from preview.analysis.exposures.settings import Settings, long
from preview.analysis.exposures.versions import Versions, dicts, listed, texts
from preview.analysis.people import Rule, factors, rule_text, rule_within, rules
from preview.analysis.reach import destinations
from preview.changes import Exposure
from preview.resource_types import type_names
from preview.resources import Resource, referenced

_GROUP = "cloudflare:index/zeroTrustAccessGroup:ZeroTrustAccessGroup"


def logins(versions: Versions) -> Iterator[Exposure]:
    longer: set[str] = set()
    for old, new in versions.pairs(type_names.ACCESS_POLICY, _GROUP):
        name = new.inputs.get("name", new.name)
        for text in [*_loosened(old.inputs, new.inputs, Names.of_urn(new.urn)), *_settings(old, new)]:
            longer |= {f"«{new.name}.id»"} if text.startswith("a login lasts") else set()
            yield Exposure(kind="login loosened", subject=new.name, text=f"{name}: {text}")
    yield from _applications(versions, longer)


# Policies and groups ------------------------------------------------------------------------------------------------------


def _loosened(old: Mapping[str, Any], new: Mapping[str, Any], names: Names) -> Iterator[str]:
    denies = new.get("decision") == "deny"
    was_denying = old.get("decision") == "deny"
    include, was = rules(new, "includes"), rules(old, "includes")
    if denies and was_denying:
        readmitted = [rule for rule in was if not _among(rule, include)]
        if readmitted:
            yield f"no longer keeps out {_words(readmitted, names)}"
        return
    if denies:
        return
    added = [rule for rule in include if not _among(rule, was)]
    if added:
        yield f"also lets in {_words(added, names)}"
    required = rules(new, "requires")
    dropped = [
        rule for rule in rules(old, "requires") if not any(rule_within(mine, rule) for mine in required)
    ]
    if dropped:
        yield f"no longer requires {_words(dropped, names)}"
    readmitted = [rule for rule in rules(old, "excludes") if not _among(rule, rules(new, "excludes"))]
    if readmitted:
        yield f"no longer keeps out {_words(readmitted, names)}"
    yield from _factor(old, new)
    decisions = old.get("decision"), new.get("decision")
    # `bypass` asks nothing of anybody, so any other is stricter.
    if decisions[0] != decisions[1] and decisions[0] != "bypass":
        yield f"decides {decisions[1]} (before: {decisions[0]})"


def _factor(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    was, now = factors(old.get("mfaConfig")), factors(new.get("mfaConfig"))
    if was is None:
        return
    if now is None:
        yield "no longer asks for a second factor"
    elif now - was:
        yield f"takes another second factor: {listed(sorted(now - was))}"
    lasts = [long(_of(config, "mfaConfig").get("sessionDuration"), "24h") for config in (old, new)]
    if now is not None and lasts[1] > lasts[0]:
        yield f"a second factor lasts {_of(new, 'mfaConfig').get('sessionDuration', '24h')}"


def _of(inputs: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = inputs.get(key)
    return value if isinstance(value, Mapping) else {}


def _among(rule: Rule, others: list[Rule]) -> bool:
    return any(rule_within(rule, other) for other in others)


def _words(listed_rules: list[Rule], names: Names) -> str:
    return listed(sorted(rule_text(rule, names) for rule in listed_rules))


_POLICY_SETTINGS = Settings(
    harmless=frozenset(
        {
            "accountId",
            "appCount",
            "approvalGroups",
            "decision",
            "excludes",
            "includes",
            "isDefault",
            "mfaConfig",
            "name",
            "purposeJustificationPrompt",
            "requires",
            "sessionDuration",
            "zoneId",
        }
    ),
    open_when={"approvalRequired": False, "isolationRequired": False, "purposeJustificationRequired": False},
    says={
        "approvalRequired": "nobody has to approve a login any longer",
        "isolationRequired": "the browser is no longer isolated",
        "purposeJustificationRequired": "nobody has to say what for any longer",
        "connectionRules": "people may connect in other ways",
    },
)


def _settings(old: Resource, new: Resource) -> Iterator[str]:
    yield from _POLICY_SETTINGS.opened(old.inputs, new.inputs)
    if new.inputs.get("approvalRequired") and old.inputs.get("approvalRequired"):
        was, now = (_approvers(r.inputs) for r in (old, new))
        if was != now and now:
            yield "others approve logins, or fewer of them"
    lasts = [long(r.inputs.get("sessionDuration"), "24h") for r in (old, new)]
    if lasts[1] > lasts[0]:
        yield f"a login lasts {new.inputs['sessionDuration']} (before: {old.inputs.get('sessionDuration')})"


def _approvers(inputs: Mapping[str, Any]) -> list[str]:
    return sorted(map(str, dicts(inputs.get("approvalGroups"))))


# Applications -------------------------------------------------------------------------------------------------------------

_APPLICATION_SETTINGS = Settings(
    harmless=frozenset(
        {
            "accountId",
            "allowedIdps",
            "appLauncherLogoUrl",
            "appLauncherVisible",
            "autoRedirectToIdentity",
            "bgColor",
            "corsHeaders",
            "customDenyMessage",
            "customDenyUrl",
            "customNonIdentityDenyUrl",
            "customPages",
            "destinations",
            "domain",
            "footerLinks",
            "headerBgColor",
            "landingPageDesign",
            "logoUrl",
            "mfaConfig",
            "name",
            "policies",
            "selfHostedDomains",
            "serviceAuth401Redirect",
            "serviceAuth401redirect",
            "sessionDuration",
            "skipAppLauncherLoginPage",
            "tags",
            "useClientlessIsolationAppLauncherUrl",
            "zoneId",
        }
    ),
    open_when={
        "allowAuthenticateViaWarp": True,
        "allowIframe": True,
        "enableBindingCookie": False,
        "httpOnlyCookieAttribute": False,
        "optionsPreflightBypass": True,
        "pathCookieAttribute": False,
        "skipInterstitial": True,
    },
    orders={"sameSiteCookieAttribute": ("none", "lax", "strict")},
    says={
        "allowAuthenticateViaWarp": "a device's own login is enough",
        "allowIframe": "other sites may frame it",
        "enableBindingCookie": "a stolen cookie is good elsewhere",
        "httpOnlyCookieAttribute": "scripts can read the login's cookie",
        "optionsPreflightBypass": "preflight requests pass without a login",
        "pathCookieAttribute": "the login's cookie counts for other paths of the host",
        "readServiceTokensFromHeader": "service tokens are taken from another header",
        "sameSiteCookieAttribute": "other sites may send the login's cookie",
        "skipInterstitial": "nobody is asked before they log in",
        "type": "it is another kind of application",
        "saasApp": "logins are sent elsewhere",
        "scimConfig": "people are provisioned otherwise",
        "targetCriterias": "other machines are reached",
    },
)


def _applications(versions: Versions, longer: set[str]) -> Iterator[Exposure]:
    former = {
        uri: app for app in versions.before.of(type_names.ACCESS_APPLICATION) for uri in destinations(app)
    }
    for paired, new in versions.later(type_names.ACCESS_APPLICATION):
        # An entry of another name has another application; it stands where the earlier one stood.
        old = paired or next((former[uri] for uri in destinations(new) if uri in former), None)
        name = new.inputs.get("name", new.name)
        found = _first(new, versions) if old is None else _changed(old, new, longer)
        for text in dict.fromkeys(found):
            yield Exposure(kind="login loosened", subject=new.name, text=f"{name}: {text}")
        if paired is not None:
            for text in _elsewhere(paired, new, versions):
                yield Exposure(kind="login loosened", subject=new.name, text=f"{name}: {text}")


def _changed(old: Resource, new: Resource, longer: set[str]) -> Iterator[str]:
    names = Names.of_urn(new.urn)
    yield from _APPLICATION_SETTINGS.opened(old.inputs, new.inputs)
    yield from _factor(old.inputs, new.inputs)
    yield from _cors(old.inputs.get("corsHeaders"), new.inputs.get("corsHeaders"))
    said = any(policy.get("id") in longer for policy in dicts(new.inputs.get("policies")))
    lasts = [long(r.inputs.get("sessionDuration"), "24h") for r in (old, new)]
    if not said and lasts[1] > lasts[0]:
        yield f"a login lasts {new.inputs['sessionDuration']} (before: {old.inputs.get('sessionDuration')})"
    ways = [texts(r.inputs.get("allowedIdps")) for r in (old, new)]
    more = sorted(set(ways[1]) - set(ways[0])) if ways[0] else []
    if more or (ways[0] and not ways[1]):
        ways_named = listed([names.access.provider_key(referenced(way) or "") or way for way in more])
        yield f"people may also log in with {ways_named or 'every provider of the account'}"
    yield from _order(old, new)
    inline = [{_title(p, n): p for n, p in enumerate(_inline(r))} for r in (old, new)]
    for title, policy in inline[1].items():
        if title in inline[0]:
            yield from _loosened(inline[0][title], policy, names)


def _first(new: Resource, versions: Versions) -> Iterator[str]:
    """A new application: one that stands before a place of this stack only asks for more there (`places`)."""
    kind = str(new.inputs.get("type", "self_hosted"))
    if kind not in ("self_hosted", "bookmark", "app_launcher"):
        yield f"an application of the type {kind} is offered"
    for uri in _bypassed(new, versions):
        yield f"nobody is asked for a login at {uri}"


def _elsewhere(old: Resource, new: Resource, versions: Versions) -> Iterator[str]:
    """Hosts that this stack has no routes for."""
    open_before = set(_bypassed(old, versions))
    for uri in _bypassed(new, versions):
        if uri not in open_before:
            yield f"nobody is asked for a login at {uri}"
    for uri in sorted(set(destinations(old)) - set(destinations(new))):
        host = uri.partition("/")[0]
        covered = any(uri in destinations(a) for a in versions.after.of(type_names.ACCESS_APPLICATION))
        routed = host in versions.new.hostnames or host in versions.old.hostnames
        if not routed and not covered:
            yield f"it no longer stands before {uri}"


def _bypassed(application: Resource, versions: Versions) -> Iterator[str]:
    policies = {f"«{p.name}.id»": p.inputs for p in versions.after.of(type_names.ACCESS_POLICY)}
    listed_ = [policies.get(str(p.get("id")), p) for p in dicts(application.inputs.get("policies"))]
    if any(policy.get("decision") == "bypass" for policy in listed_):
        for uri in destinations(application):
            if uri.partition("/")[0] not in versions.new.hostnames:
                yield uri


def _inline(application: Resource) -> list[dict[str, Any]]:
    return [policy for policy in dicts(application.inputs.get("policies")) if "id" not in policy]


def _title(policy: Mapping[str, Any], position: int) -> str:
    return str(policy.get("name") or position)


def _order(old: Resource, new: Resource) -> Iterator[str]:
    """Policies are asked in order of precedence: one that now comes before another decides first."""
    orders = [
        [str(p.get("id") or p.get("name")) for p in sorted(dicts(r.inputs.get("policies")), key=_precedence)]
        for r in (old, new)
    ]
    both = [[policy for policy in order if policy in orders[1 - n]] for n, order in enumerate(orders)]
    if both[0] != both[1]:
        yield "its policies are asked in another order"


def _precedence(policy: Mapping[str, Any]) -> float:
    return float(policy.get("precedence") or 0)


_CORS_SWITCHES = ("allowAllOrigins", "allowAllMethods", "allowAllHeaders", "allowCredentials")


def _cors(old: Any, new: Any) -> Iterator[str]:
    was, now = (value if isinstance(value, dict) else {} for value in (old, new))
    for key in _CORS_SWITCHES:
        if now.get(key) and not was.get(key):
            yield f"pages elsewhere may do more: {key}"
    for key, every in (
        ("allowedOrigins", "allowAllOrigins"),
        ("allowedMethods", "allowAllMethods"),
        ("allowedHeaders", "allowAllHeaders"),
    ):
        fresh = sorted(set(texts(now.get(key))) - set(texts(was.get(key))))
        if fresh and not was.get(every):
            yield f"pages elsewhere may do more: {key} has {listed(fresh)}"
