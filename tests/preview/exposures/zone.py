"""What the connector serves beside the zone's rules and settings."""

from __future__ import annotations

from tests.preview.opened import CF
from tests.preview.programs import resource

ROUTES = resource(
    f"{CF}zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig",
    "ingress",
    {
        "tunnelId": "«tunnel.id»",
        "config": {
            "ingresses": [
                {"hostname": "a.example.com", "service": "http://a:80"},
                {"hostname": "b.example.com", "service": "http://b:80"},
                {"service": "http_status:404"},
            ]
        },
    },
)
