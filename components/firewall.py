"""Firewall: the zone's rules and settings, which exactly one stack may own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_cloudflare as cloudflare

from model import naming
from model.edge import rules
from model.errors import SettingsError, finding
from model.limits import MANAGED_RULESET, OWASP_RULESET, PLANS
from model.settings import Cloudflare, OriginVerify, Route
from model.settings import Firewall as FirewallSettings


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """``cloudflare``: the zone and its plan."""

    settings: FirewallSettings
    cloudflare: Cloudflare
    routes: Sequence[Route]


class Firewall(pulumi.ComponentResource):
    """One entry-point ruleset a phase, and the zone's settings. `published` is what an owner elsewhere can merge.

    The ruleset that tells the app of the edge comes by `verify`, after the constructor: it may have to wait for the machines.
    """

    def __init__(self, name: str, args: FirewallArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("drawbridge:index:Firewall", name, {}, opts)
        settings, routes, plan = args.settings, args.routes, args.cloudflare.plan
        self._names, self._zone, self._routes = naming.Firewall(name), args.cloudflare.zone_id, routes
        custom = rules.custom_rules(settings, routes, self._names)
        limits = rules.rate_limits(settings, routes, plan, self._names)
        self.published: Final[Mapping[str, Any]] = {"custom": custom, "rateLimits": limits}
        self.guards: Final[list[pulumi.Resource]] = []
        """What is to stand before a request reaches a path that it guards."""
        if settings.owner:
            others = [
                pulumi.StackReference(other).require_output("firewallRules") for other in settings.merge
            ]
            guards = self._ruleset(
                "custom",
                "http_request_firewall_custom",
                _merged(custom, others, "custom", PLANS[plan].custom_rules),
            )
            self.guards.extend([guards] if guards else [])
            self._ruleset(
                "limits",
                "http_ratelimit",
                _merged(limits, others, "rateLimits", PLANS[plan].rate_limit_rules),
            )
            if settings.managed and PLANS[plan].managed_rulesets:
                self._ruleset(
                    "managed",
                    "http_request_firewall_managed",
                    [_execute(self._names, i) for i in (MANAGED_RULESET, OWASP_RULESET)],
                )
            self._zone_settings(settings)
        self.register_outputs({})

    def verify(
        self,
        settings: OriginVerify,
        secret: pulumi.Output[str],
        machines: pulumi.Input[pulumi.Resource] | None,
    ) -> None:
        """Tell the app by a header that a request came through the edge.

        ``machines``: the group whose machines expect this value, while earlier ones expect another: the edge goes over to
        it when the new ones serve, and not at all where they never do. None: no machine expected another value before, and
        the header is there before the first that asks for it.
        """
        # A ruleset of its own: a secret in one rule hides all rules of its ruleset in every diff.
        self._ruleset(
            "verify",
            "http_request_late_transform",
            [_verify(self._names, settings.header, secret, self._routes)],
            [machines] if machines else [],
        )

    def _ruleset(
        self,
        label: str,
        phase: str,
        content: pulumi.Input[list[dict[str, Any]]],
        after: Sequence[pulumi.Input[pulumi.Resource]] = (),
    ) -> cloudflare.Ruleset | None:
        if content == []:
            return None
        return cloudflare.Ruleset(
            self._names.ruleset(label),
            zone_id=self._zone,
            kind="zone",
            phase=phase,
            name="default",
            rules=content,
            # A zone has one entry point a phase: the old one must go before a new one can come.
            opts=pulumi.ResourceOptions(
                parent=self,
                delete_before_replace=True,
                depends_on=list(after),
                additional_secret_outputs=["rules"] if label == "verify" else None,
            ),
        )

    def _zone_settings(self, settings: FirewallSettings) -> None:
        child = pulumi.ResourceOptions(parent=self)
        zone = settings.zone
        values: dict[str, Any] = {
            "always_use_https": "on" if zone.always_https else "off",
            "min_tls_version": zone.min_tls,
        }
        if zone.ssl != "keep":
            values["ssl"] = zone.ssl
        if zone.hsts:
            policy = {
                "enabled": True,
                "max_age": 31536000,
                "include_subdomains": False,
                "preload": False,
                "nosniff": True,
            }
            values["security_header"] = {"strict_transport_security": policy}
        for setting, value in sorted(values.items()):
            cloudflare.ZoneSetting(
                self._names.zone_setting(setting),
                zone_id=self._zone,
                setting_id=setting,
                value=value,
                opts=child,
            )
        # Access, the connector, the app, guards of merged stacks and rate limits must see the same path.
        normalisation = cloudflare.UrlNormalizationSettings(
            self._names.normalisation, zone_id=self._zone, scope="both", type="cloudflare", opts=child
        )
        self.guards.append(normalisation)


def _merged(
    own: list[dict[str, Any]], others: list[pulumi.Output[Any]], key: str, allowed: int
) -> pulumi.Input[list[dict[str, Any]]]:
    """Our rules and those that other stacks publish; how many they are is known only when their outputs are."""
    if not others:
        return own

    def join(published: list[Any]) -> list[dict[str, Any]]:
        rules_of_all = own + [
            rule for stack in published if isinstance(stack, dict) for rule in stack.get(key, [])
        ]
        if len(rules_of_all) > allowed:
            expected = f"at most {allowed} {key} rules in the zone, as many as its plan allows"
            fix = "merge fewer stacks, or join rules: this many are of all stacks together"
            error = SettingsError([finding("firewall.merge", expected, len(rules_of_all), fix)])
            raise pulumi.RunError(str(error.placed(f"Pulumi.{pulumi.get_stack()}.yaml", {})))
        # A rule of the owner's that skips the rest of the ruleset would skip the guards behind it.
        return sorted(rules_of_all, key=lambda rule: not naming.is_path_guard(rule["ref"]))

    return pulumi.Output.all(*others).apply(join)


def _execute(names: naming.Firewall, ruleset: str) -> dict[str, Any]:
    label = "managed" if ruleset == MANAGED_RULESET else "owasp"
    return {
        "ref": names.rule(label),
        "description": f"Cloudflare's {label} rules",
        "expression": "true",
        "action": "execute",
        "enabled": True,
        "action_parameters": {"id": ruleset},
    }


def _verify(
    names: naming.Firewall, header: str, secret: pulumi.Output[str], routes: Sequence[Route]
) -> dict[str, Any]:
    return {
        "ref": names.rule("verify"),
        "description": "Tell the app that a request came through the edge",
        "action": "rewrite",
        "expression": rules.verify_expression(routes),
        "enabled": True,
        "action_parameters": {
            "headers": {header: {"operation": "set", "value": pulumi.Output.secret(secret)}}
        },
    }
