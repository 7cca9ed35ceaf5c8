"""Logical names: built and recognised by one module."""

from __future__ import annotations

import pytest

from model import naming
from model.naming import Names


def test_a_name_is_recognised_whatever_the_project_is_called() -> None:
    """A project may be called like one of our own components: no pattern over the whole name could tell them apart."""
    names = Names("my-secrets-api", "tunnel-secret")
    assert names.secrets.label(names.tunnel.secret) is None
    assert names.secrets.label(names.secrets.generated("KEY")) == "KEY"
    assert names.database.password != names.tunnel.secret
    assert names.tunnel.secret == "my-secrets-api-tunnel-secret-tunnel-secret"


def test_the_key_of_a_token_or_provider_comes_back() -> None:
    access = Names("a-access-token-b", "prod").access
    for key in ("ci", "ci-token-x", "access-token-y"):
        assert access.service_token_key(access.service_token(key)) == key
        assert access.provider_key(access.provider(key)) == key
        assert access.provider_key(access.service_token(key)) is None
        assert access.service_token_key(access.policy(key)) is None


def test_names_follow_from_a_urn() -> None:
    urn = "urn:pulumi:prod::shop-api::drawbridge:index:Access$cloudflare:index/x:X::shop-api-prod-access-token-ci"
    assert Names.of_urn(urn) == Names("shop-api", "prod")
    assert Names.of_urn(urn).access.service_token_key(urn.rpartition("::")[2]) == "ci"


def test_the_host_of_a_template_comes_back() -> None:
    host = Names("x-template", "prod-template").host
    assert naming.host_of_template(host.template) == host.name


@pytest.mark.parametrize(
    "name, allowed",
    [
        ("uploads", True),
        ("path-guard", False),
        ("firewall-path-guard", False),
        ("x-firewall-path-guard", False),
        ("my-path-guard", True),
        ("path-guards", True),
        ("path-guard-2", False),
        ("path-guard-x", True),
    ],
)
def test_no_other_rule_can_be_taken_for_the_path_guard(name: str, allowed: bool) -> None:
    firewall = Names("shop", "prod").firewall
    assert naming.may_name_a_rule(name) is allowed
    assert naming.is_path_guard(firewall.rule(name)) is not allowed


def test_the_path_guard_of_another_stack_is_recognised_too() -> None:
    assert naming.is_path_guard(Names("other", "stack").firewall.path_guard())
