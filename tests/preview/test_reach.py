"""Who reaches what, where Access and the connector read a wildcard differently."""

from __future__ import annotations

import pytest

from preview.analysis.reach import EVERYONE, Entry, Place, Reach
from tests.preview.programs import program, resource

CF = "cloudflare:index/"
WILDCARD = program(
    resource(
        f"{CF}zeroTrustAccessPolicy:ZeroTrustAccessPolicy",
        "policy",
        {"decision": "allow", "includes": [{"emailDomain": {"domain": "example.com"}}]},
    ),
    resource(
        f"{CF}zeroTrustAccessApplication:ZeroTrustAccessApplication",
        "app",
        {
            "destinations": [{"type": "public", "uri": "*.example.com"}],
            "policies": [{"id": "«policy.id»", "precedence": 1}],
            "sessionDuration": "8h",
        },
    ),
    resource(
        f"{CF}zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
        "ingress",
        {
            "config": {
                "ingresses": [
                    {"hostname": "*.example.com", "service": "http://web:80"},
                    {"service": "http_status:404"},
                ]
            }
        },
    ),
)


@pytest.mark.parametrize(
    ("host", "who"),
    [
        ("a.example.com", "@example.com, session 8h"),
        # The connector's wildcard takes it as well, and Access's stands for one level.
        ("b.a.example.com", EVERYONE),
        ("c.b.a.example.com", EVERYONE),
    ],
)
def test_an_access_wildcard_stands_for_one_level(host: str, who: str) -> None:
    assert Reach(WILDCARD).at(host, "/").who == who


def test_where_the_edge_asks_nothing_the_connectors_login_is_the_guard() -> None:
    policy = resource(
        "cloudflare:index/zeroTrustAccessPolicy:ZeroTrustAccessPolicy", "staff", {"decision": "allow"}
    )
    application = resource(
        "cloudflare:index/zeroTrustAccessApplication:ZeroTrustAccessApplication", "app", {}
    )
    entry = Entry(
        hostname="a.x.io", path=None, service="http://web:80", origin={}, logins=((policy, application),)
    )
    place = Place(hostname="a.x.io", path="/", entry=entry, edge=())
    assert place.guards == ((policy, application),)
