"""What the platforms allow, as data with its source. Checked by name before any API is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Plan = Literal["free", "pro", "business", "enterprise"]


@dataclass(frozen=True, kw_only=True)
class PlanLimits:
    """What one Cloudflare plan allows a zone. Periods and timeouts are seconds, sizes MB."""

    custom_rules: int
    rate_limit_rules: int
    rate_limit_period: int
    rate_limit_timeout: int
    rate_limit_fields: frozenset[str]
    body_mb: int
    regex: bool
    log_action: bool
    managed_rulesets: bool


# https://developers.cloudflare.com/waf/rate-limiting-rules/#availability, /waf/custom-rules/#availability (November 2026);
# request bodies: https://developers.cloudflare.com/support/troubleshooting/http-status-codes/4xx-client-error/error-413/
_PATH_ONLY = frozenset({"path"})
_PRO = _PATH_ONLY | {"host", "uri", "query"}
_BUSINESS = _PRO | {"method", "source-ip", "user-agent"}
PLANS: dict[Plan, PlanLimits] = {
    "free": PlanLimits(
        custom_rules=5, rate_limit_rules=1, rate_limit_period=10, rate_limit_timeout=10, rate_limit_fields=_PATH_ONLY,
        body_mb=100, regex=False, log_action=False, managed_rulesets=False,
    ),
    "pro": PlanLimits(
        custom_rules=20, rate_limit_rules=2, rate_limit_period=60, rate_limit_timeout=3600, rate_limit_fields=_PRO,
        body_mb=100, regex=False, log_action=False, managed_rulesets=True,
    ),
    "business": PlanLimits(
        custom_rules=100, rate_limit_rules=5, rate_limit_period=600, rate_limit_timeout=86400, rate_limit_fields=_BUSINESS,
        body_mb=200, regex=True, log_action=False, managed_rulesets=True,
    ),
    "enterprise": PlanLimits(
        custom_rules=1000, rate_limit_rules=100, rate_limit_period=65535, rate_limit_timeout=86400,
        rate_limit_fields=_BUSINESS, body_mb=500, regex=True, log_action=True, managed_rulesets=True,
    ),
}  # fmt: skip

# The API takes these periods and no others; a plan's maximum cuts the list.
RATE_LIMIT_PERIODS = (
    10, 15, 20, 30, 40, 45, 60, 90, 120, 180, 240, 300, 480, 600, 900, 1200, 1800, 2400, 3600, 65535, 86400,
)  # fmt: skip

# Cloudflare's managed rulesets, the same in every account. https://developers.cloudflare.com/waf/managed-rules/
MANAGED_RULESET = "efb7b8c949ac4650a09736fc376e9aee"
OWASP_RULESET = "4814384a9e5d4991b9815dcfc25d2f1f"

# https://developers.cloudflare.com/cloudflare-one/account-limits/
CONNECTORS_PER_TUNNEL = 25
DESTINATIONS_PER_APPLICATION = 5

# AWS Systems Manager: a standard parameter holds 4 KB, an advanced one 8 KB; Intelligent-Tiering chooses by itself.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
STANDARD_PARAMETER_BYTES = 4096
PARAMETER_BYTES = 8192

# EC2 takes 16 KB of user data before base64.
USER_DATA_BYTES = 16_384

# Lifecycle hook heartbeats: API_PutLifecycleHook, 30 to 7200 seconds.
HEARTBEAT_SECONDS = (30, 7200)

# Zones whose names every account has. Which letters exist differs: Tokyo's `b` and northern California's `b` are closed
# to new accounts, Montreal has no `c`. The choice is fixed here, not looked up, because a subnet (and the data behind it)
# that moves when AWS reorders a list is lost. `network.zones` overrides it.
_DEFAULT_ZONES = ("a", "b")
_REGION_ZONES = {"ap-northeast-1": ("a", "c"), "us-west-1": ("a", "c"), "sa-east-1": ("a", "c")}


def zones(region: str) -> tuple[str, str]:
    """The two availability zones used in a region unless the stack file names others."""
    first, second = _REGION_ZONES.get(region, _DEFAULT_ZONES)
    return region + first, region + second


def partition(region: str) -> str:
    """The AWS partition that a region's ARNs begin with."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
