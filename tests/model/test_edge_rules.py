"""Rules of the zone as the API takes them, from what the stack file says."""

from __future__ import annotations

import pytest

from model import naming
from model.edge.rules import rate_limits
from model.settings import Firewall, Route

HOST_AND_PATH = (
    '(http.host in {"a.example.com"} or starts_with(http.host, "a.example.com:"))'
    ' and starts_with(http.request.uri.path, "/api")'
)
ROUTE = Route.model_validate({"hostname": "a.example.com", "service": "http://web:80", "access": "public"})


@pytest.mark.parametrize(
    ("plan", "block", "refused_for", "expression"),
    [
        ("free", None, 10, 'starts_with(http.request.uri.path, "/api")'),
        ("pro", None, 60, HOST_AND_PATH),
        ("pro", "5m", 300, HOST_AND_PATH),
    ],
)
def test_a_rate_limit_refuses_for_as_long_as_its_plan_or_its_setting_says(
    plan: str, block: str | None, refused_for: int, expression: str
) -> None:
    limit = {"name": "api", "path": "/api*", "requests": 10, "per": "10s" if plan == "free" else "60s"}
    firewall = Firewall.model_validate({"rateLimits": [{**limit, **({"block": block} if block else {})}]})
    (rule,) = rate_limits(firewall, [ROUTE], plan, naming.Firewall("app-prod-firewall"))  # type: ignore[arg-type]
    assert rule["ratelimit"]["mitigationTimeout"] == refused_for
    assert rule["ratelimit"]["requestsPerPeriod"] == 10
    assert rule["expression"] == expression
