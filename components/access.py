"""Access: who may reach what, asked at the edge before a request comes near the app."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_cloudflare as cloudflare

from model import naming
from model.durations import go_duration
from model.edge.access_applications import Application, beside_another_login, in_order
from model.settings import AccessPolicy, IdentityProvider, People


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """``secrets``: the values of which providers name one. ``frontends``: the origins that cross-site policies admit."""

    account_id: str
    policies: Mapping[str, AccessPolicy]
    providers: Mapping[str, IdentityProvider]
    applications: Sequence[Application]
    secrets: Mapping[str, pulumi.Output[str]]
    frontends: Sequence[str] = ()


def _token_days(policies: Iterable[AccessPolicy]) -> dict[str, int]:
    """How long each service token lasts; of entries that share one, the shortest counts."""
    days: dict[str, int] = {}
    for policy in policies:
        for token in policy.service_tokens:
            days[token] = min(policy.token_days, days.get(token, policy.token_days))
    return days


class Access(pulumi.ComponentResource):
    """Identity providers, service tokens, reusable policies, and the applications that use them."""

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("drawbridge:index:Access", name, {}, opts)
        self._names, self._account = naming.Access(name), args.account_id
        self._child = pulumi.ResourceOptions(parent=self)
        self._frontends = args.frontends
        self._logins: dict[str, pulumi.Input[str]] = {
            key: provider.id or self._login(key, provider, args.secrets)
            for key, provider in args.providers.items()
        }
        self.tokens: Final[Mapping[str, cloudflare.ZeroTrustAccessServiceToken]] = {
            token: cloudflare.ZeroTrustAccessServiceToken(
                self._names.service_token(token),
                name=self._names.child(token),
                account_id=args.account_id,
                duration=f"{24 * days}h",
                opts=self._child,
            )
            for token, days in sorted(_token_days(args.policies.values()).items())
        }
        used = {application.access for application in args.applications}
        made = {key: self._policy(key, policy) for key, policy in args.policies.items() if key in used}
        bypass = self._bypass() if None in used else None
        self._beside = beside_another_login(args.applications, args.policies)
        applications: dict[str, cloudflare.ZeroTrustAccessApplication] = {}
        for application in in_order(args.applications):
            policy = args.policies[application.access] if application.access else None
            chosen = made[application.access] if application.access else bypass
            assert chosen is not None
            after = [applications[key] for key in application.after]
            applications[application.key] = self._application(application, policy, chosen, after)
        self.audiences: Final[Mapping[str, pulumi.Output[str]]] = {
            application.key: applications[application.key].aud
            for application in args.applications
            if application.access
        }
        self.register_outputs({})

    def _login(
        self, key: str, settings: IdentityProvider, secrets: Mapping[str, pulumi.Output[str]]
    ) -> pulumi.Output[str]:
        config: dict[str, Any] = {}
        if settings.client_secret:
            config |= {"client_id": settings.client_id, "client_secret": secrets[settings.client_secret]}
        if settings.type == "google-apps":
            config["apps_domain"] = settings.apps_domain
        if settings.type == "oidc":
            config |= {
                "auth_url": settings.auth_url,
                "token_url": settings.token_url,
                "certs_url": settings.certs_url,
                "scopes": list(settings.scopes),
                "pkce_enabled": settings.pkce,
            }
            if settings.claims:
                config["claims"] = list(settings.claims)
            if settings.email_claim:
                config["email_claim_name"] = settings.email_claim
        provider_id: pulumi.Output[str] = cloudflare.ZeroTrustAccessIdentityProvider(
            self._names.provider(key),
            account_id=self._account,
            name=key,
            type=settings.type,
            config=config,
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["config"]),
        ).id
        return provider_id

    def _policy(self, key: str, policy: AccessPolicy) -> cloudflare.ZeroTrustAccessPolicy:
        tokens = [{"service_token": {"token_id": self.tokens[token].id}} for token in policy.service_tokens]
        requires = self._people(policy.require)
        if policy.mfa == "provider":
            requires.append({"auth_method": {"auth_method": "mfa"}})
        own_factor = {"allowed_authenticators": ["totp", "biometrics", "security_key"], "mfa_disabled": False}
        return cloudflare.ZeroTrustAccessPolicy(
            self._names.policy(key),
            account_id=self._account,
            name=self._names.child(key),
            decision="non_identity" if tokens else "allow",
            includes=tokens or self._people(policy.allow),
            requires=requires or None,
            excludes=self._people(policy.deny) or None,
            session_duration=go_duration(policy.session),
            mfa_config=own_factor if policy.mfa is True else None,
            opts=self._child,
        )

    def _bypass(self) -> cloudflare.ZeroTrustAccessPolicy:
        return cloudflare.ZeroTrustAccessPolicy(
            self._names.policy("public"),
            account_id=self._account,
            name=self._names.child("public"),
            decision="bypass",
            includes=[{"everyone": {}}],
            session_duration="24h",
            opts=self._child,
        )

    def _people(self, people: People) -> list[dict[str, Any]]:
        """One rule object a line, each with one key: the provider refuses two."""
        rules: list[dict[str, Any]] = [{"email": {"email": email}} for email in people.emails]
        rules += [{"email_domain": {"domain": domain}} for domain in people.domains]
        rules += [{"group": {"id": group}} for group in people.groups]
        for item in people.github:
            team = {"team": item.team} if item.team else {}
            provider = self._logins[item.provider]
            rules.append(
                {"github_organization": {"identity_provider_id": provider, "name": item.organization, **team}}
            )
        for claim in people.claims:
            provider = self._logins[claim.provider]
            rules.append(
                {
                    "oidc": {
                        "claim_name": claim.claim,
                        "claim_value": claim.value,
                        "identity_provider_id": provider,
                    }
                }
            )
        rules += [{"geo": {"country_code": country}} for country in people.countries]
        rules += [{"ip": {"ip": ip}} for ip in people.ips]
        return rules + ([{"everyone": {}}] if people.everyone else [])

    def _application(
        self,
        application: Application,
        policy: AccessPolicy | None,
        chosen: cloudflare.ZeroTrustAccessPolicy,
        after: Sequence[pulumi.Resource],
    ) -> cloudflare.ZeroTrustAccessApplication:
        people, former = policy is not None and not policy.service_tokens, application.former
        login: dict[str, Any] = {}
        if policy and people and policy.providers:
            login["allowed_idps"] = [self._logins[provider] for provider in sorted(policy.providers)]
            login["auto_redirect_to_identity"] = policy.auto_redirect
        if policy and policy.cross_site:
            # The edge answers preflights, which carry no login, so none of them reaches the connector's check.
            login["cors_headers"] = {
                "allowed_origins": list(self._frontends),
                "allow_credentials": True,
                "allow_all_methods": True,
                "allow_all_headers": True,
                "max_age": 600,
            }
        return cloudflare.ZeroTrustAccessApplication(
            self._names.application(application.key),
            account_id=self._account,
            name=f"{application.key} {application.access or 'public'}",
            type="self_hosted",
            destinations=[{"type": "public", "uri": uri} for uri in application.destinations],
            policies=[{"id": chosen.id, "precedence": 1}],
            session_duration=go_duration(policy.session) if policy else "24h",
            http_only_cookie_attribute=True,
            # Logins of one host share a cookie otherwise, and each visit of the one ends the other.
            path_cookie_attribute=True if people and application.key in self._beside else None,
            same_site_cookie_attribute="none" if policy and policy.cross_site else "lax",
            app_launcher_visible=people,
            # A machine without its token gets 401, not a login page.
            service_auth401_redirect=True if policy and policy.service_tokens else None,
            opts=pulumi.ResourceOptions(
                parent=self,
                # Access lets a place belong to one application: what lets it go comes before what takes it.
                depends_on=list(after),
                aliases=[pulumi.Alias(name=self._names.application(former))] if former else None,
            ),
            **login,
        )
