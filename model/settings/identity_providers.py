"""`drawbridge:identityProviders`: where people log in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel

from .base import Domain, Section, Text, Uuid, VariableName

ProviderType = Literal["onetimepin", "github", "google", "google-apps", "oidc"]


_ENDPOINTS = ("auth_url", "token_url", "certs_url")


class IdentityProvider(Section):
    """Where people log in: made by the stack, or an existing one of the account by its id."""

    type: ProviderType = Field(description="Its kind.")
    id: Uuid | None = Field(
        default=None, description="An existing provider's id: it is used and left as it is."
    )
    client_id: Text | None = Field(default=None, description="The OAuth client.")
    client_secret: VariableName | None = Field(
        default=None, description="The name of the secret with the client's secret."
    )
    apps_domain: Domain | None = Field(default=None, description="google-apps: the Workspace domain.")
    auth_url: Text | None = Field(default=None, description="oidc: the authorisation endpoint.")
    token_url: Text | None = Field(default=None, description="oidc: the token endpoint.")
    certs_url: Text | None = Field(default=None, description="oidc: the JWKS endpoint.")
    scopes: tuple[Text, ...] = Field(
        default=("openid", "email", "profile"), description="oidc: the scopes asked for."
    )
    claims: tuple[Text, ...] = Field(default=(), description="oidc: claims to hand on to policies.")
    email_claim: Text | None = Field(
        default=None, description="oidc: the claim with the address, if not `email`."
    )
    pkce: bool = Field(default=True, description="oidc: use PKCE.")
    sends_amr: bool = Field(
        default=False, description="oidc: the provider reports how a person logged in (amr)."
    )

    @property
    def reports_mfa(self) -> bool:
        """Whether `mfa: provider` can ever be satisfied: only OIDC providers may send `amr` at all."""
        return self.type == "oidc" and self.sends_amr

    @model_validator(mode="after")
    def _is_whole(self) -> IdentityProvider:
        if self.id:
            given = self.model_fields_set - {"type", "id", "sends_amr"}
            if given:
                raise ValueError(
                    "an existing provider (id) is used as it is: leave out "
                    + ", ".join(sorted(map(to_camel, given)))
                )
            return self
        if self.type == "onetimepin":
            if self.client_id or self.client_secret:
                raise ValueError("onetimepin has no client")
        elif not (self.client_id and self.client_secret):
            raise ValueError(
                f"{self.type} needs clientId and clientSecret (a secret's name), or the id of an existing provider"
            )
        if self.type == "google-apps" and not self.apps_domain:
            raise ValueError("google-apps needs appsDomain")
        missing = [to_camel(name) for name in _ENDPOINTS if not getattr(self, name)]
        if self.type == "oidc" and missing:
            raise ValueError("oidc needs " + ", ".join(missing))
        for name in _ENDPOINTS:
            if getattr(self, name) and not getattr(self, name).startswith("https://"):
                raise ValueError(f"{to_camel(name)} begins with https://")
        return self
