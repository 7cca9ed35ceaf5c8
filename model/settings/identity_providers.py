"""`drawbridge:identityProviders`: where people log in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from pydantic.alias_generators import to_camel

from ..errors import Invalid
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
    claims: tuple[Text, ...] = Field(default=(), description="oidc: claims to pass on to policies.")
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
                raise Invalid(
                    problem="an existing provider (id) is used as it is",
                    fix="leave out " + ", ".join(sorted(map(to_camel, given))),
                )
            return self
        if self.type == "onetimepin":
            if self.client_id or self.client_secret:
                raise Invalid(problem="onetimepin has no client", fix="leave out clientId and clientSecret")
        elif not (self.client_id and self.client_secret):
            raise Invalid(
                problem=f"a provider of type {self.type} without clientId and clientSecret",
                fix="add both (clientSecret is a secret's name), or the `id` of an existing provider",
            )
        if self.type == "google-apps" and not self.apps_domain:
            raise Invalid(problem="a provider of type google-apps without appsDomain", fix="add it")
        missing = [to_camel(name) for name in _ENDPOINTS if not getattr(self, name)]
        if self.type == "oidc" and missing:
            raise Invalid(
                problem="a provider of type oidc without " + ", ".join(missing), fix="add what is missing"
            )
        for name in _ENDPOINTS:
            if getattr(self, name) and not getattr(self, name).startswith("https://"):
                raise Invalid("a URL that begins with https://", getattr(self, name), key=to_camel(name))
        return self
