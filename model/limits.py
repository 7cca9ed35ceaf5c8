"""What the platforms allow, as data with its source. Checked by name before any API is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Plan = Literal["free", "pro", "business", "enterprise"]


DOCS = "https://developers.cloudflare.com"


@dataclass(frozen=True, kw_only=True)
class PlanLimits:
    """What one Cloudflare plan allows a zone. Periods and timeouts are seconds, sizes MB."""

    custom_rules: int
    transform_rules: int
    rate_limit_rules: int
    rate_limit_period: int
    rate_limit_timeout: int
    rate_limit_fields: frozenset[str]
    rate_limit_characteristics: frozenset[str]
    body_mb: int
    regex: bool
    log_action: bool
    managed_rulesets: bool


# As documented in November 2026, by name of the limit.
SOURCES: Mapping[str, str] = {
    "custom_rules": f"{DOCS}/waf/custom-rules/#availability",
    "transform_rules": f"{DOCS}/rules/transform/#availability",
    "rate_limit_rules": f"{DOCS}/waf/rate-limiting-rules/#availability",
    "rate_limit_period": f"{DOCS}/waf/rate-limiting-rules/#availability",
    "rate_limit_timeout": f"{DOCS}/waf/rate-limiting-rules/#availability",
    "rate_limit_fields": f"{DOCS}/waf/rate-limiting-rules/#availability",
    "rate_limit_characteristics": f"{DOCS}/waf/rate-limiting-rules/#availability",
    "body_mb": f"{DOCS}/support/troubleshooting/http-status-codes/4xx-client-error/error-413/",
    "regex": f"{DOCS}/ruleset-engine/rules-language/operators/#regular-expression-matching",
    "log_action": f"{DOCS}/ruleset-engine/rules-language/actions/",
    "managed_rulesets": f"{DOCS}/waf/managed-rules/#availability",
}

_PATH_ONLY = frozenset({"path"})
_PRO = _PATH_ONLY | {"host", "uri", "query"}
_BUSINESS = _PRO | {"method", "source-ip", "user-agent"}
_ADDRESS = frozenset({"address"})
PLANS: dict[Plan, PlanLimits] = {
    "free": PlanLimits(
        custom_rules=5,
        transform_rules=10,
        rate_limit_rules=1,
        rate_limit_period=10,
        rate_limit_timeout=10,
        rate_limit_fields=_PATH_ONLY,
        rate_limit_characteristics=_ADDRESS,
        body_mb=100,
        regex=False,
        log_action=False,
        managed_rulesets=False,
    ),
    "pro": PlanLimits(
        custom_rules=20,
        transform_rules=25,
        rate_limit_rules=2,
        rate_limit_period=60,
        rate_limit_timeout=3600,
        rate_limit_fields=_PRO,
        rate_limit_characteristics=_ADDRESS,
        body_mb=100,
        regex=False,
        log_action=False,
        managed_rulesets=True,
    ),
    "business": PlanLimits(
        custom_rules=100,
        transform_rules=50,
        rate_limit_rules=5,
        rate_limit_period=600,
        rate_limit_timeout=86400,
        rate_limit_fields=_BUSINESS,
        rate_limit_characteristics=_ADDRESS | {"visitor"},
        body_mb=200,
        regex=True,
        log_action=False,
        managed_rulesets=True,
    ),
    "enterprise": PlanLimits(
        # 5 rate limits come with the plan, 100 with its application security or rate limiting add-on.
        custom_rules=1000,
        transform_rules=300,
        rate_limit_rules=100,
        rate_limit_period=65535,
        rate_limit_timeout=86400,
        rate_limit_fields=_BUSINESS,
        rate_limit_characteristics=_ADDRESS | {"visitor"},
        body_mb=500,
        regex=True,
        log_action=True,
        managed_rulesets=True,
    ),
}

# Fields of the rules language that not every plan has: /ruleset-engine/rules-language/fields/reference/. A name that ends
# in a dot stands for all that begin so; the longest name that fits counts.
FIELD_PLANS: Mapping[str, Plan] = {
    "http.request.cookies": "pro",
    "cf.waf.credential_check.username_and_password_leaked": "pro",
    "ip.src.subdivision_1_iso_code": "business",
    "ip.src.subdivision_2_iso_code": "business",
    "ip.src.is_in_european_union": "business",
    "cf.waf.score.class": "business",
    "cf.waf.score": "enterprise",
    "cf.waf.score.": "enterprise",
    "cf.waf.auth_detected": "enterprise",
    "cf.waf.credential_check.username_leaked": "enterprise",
    "cf.waf.credential_check.username_password_similar": "enterprise",
    "cf.waf.content_scan.": "enterprise",
    "cf.bot_management.": "enterprise",
    "cf.api_gateway.auth_id_present": "enterprise",
    "http.request.body.": "enterprise",
}
NEAREST_FIELD: Mapping[str, str] = {
    "http.request.cookies": 'http.cookie contains "NAME=value" reads the whole header, on every plan',
    "ip.src.": "ip.src.country names countries, on every plan",
    "cf.bot_management.": "cf.client.bot knows verified bots, on every plan",
    "cf.waf.score": "firewall.managed: true judges requests by Cloudflare's managed rules, from pro on",
    "http.request.body.": 'let the app look at bodies; http.request.headers["content-length"] tells their size, on every plan',
}
"""What works instead, by the beginning of the field's name."""


def plan_for(field: str) -> Plan:
    """The smallest plan whose expressions may use a field."""
    fitting = [
        name for name in FIELD_PLANS if field == name or (name.endswith(".") and field.startswith(name))
    ]
    return FIELD_PLANS[max(fitting, key=len)] if fitting else "free"


# An expression of the rules language: /ruleset-engine/rules-language/expressions/
EXPRESSION_CHARACTERS = 4096

# The API takes these and no others as periods and, below Enterprise, as timeouts; a plan's maximum cuts the list:
# note 3 at /waf/rate-limiting-rules/#availability
RATE_LIMIT_PERIODS = (
    10,
    15,
    20,
    30,
    40,
    45,
    60,
    90,
    120,
    180,
    240,
    300,
    480,
    600,
    900,
    1200,
    1800,
    2400,
    3600,
    65535,
    86400,
)

# Cloudflare's managed rulesets, the same in every account. https://developers.cloudflare.com/waf/managed-rules/
MANAGED_RULESET = "efb7b8c949ac4650a09736fc376e9aee"
OWASP_RULESET = "4814384a9e5d4991b9815dcfc25d2f1f"

# https://developers.cloudflare.com/cloudflare-one/account-limits/, all plans; enterprise accounts may ask for more.
CONNECTORS_PER_TUNNEL = 25
DESTINATIONS_PER_APPLICATION = 5
EMAILS_PER_RULE = 1000
APPLICATION_URL_CHARACTERS = 63
ADDRESSES_PER_RULE = 1000
SERVICE_TOKENS = 50
APPLICATIONS = 500
IDENTITY_PROVIDERS = 50

# AWS Systems Manager: a standard parameter holds 4 KB, an advanced one 8 KB; Intelligent-Tiering chooses by itself.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
STANDARD_PARAMETER_BYTES = 4096
PARAMETER_BYTES = 8192

# EC2 takes 16 KB of user data before base64.
USER_DATA_BYTES = 16_384

# Of a file of the project that is read as text: far more than a machine's user data could hold of it.
PROJECT_FILE_BYTES = 1 << 20

# Lifecycle hook heartbeats: API_PutLifecycleHook, 30 to 7200 seconds.
HEARTBEAT_SECONDS = (30, 7200)

# Zones whose names every account has. Which letters exist differs: Tokyo's `b` is closed to new accounts, Montreal has no
# `c`. The choice is fixed here, not looked up, because a subnet (and the data behind it) that moves when AWS reorders a list
# is lost. `network.zones` overrides it.
_DEFAULT_ZONES = ("a", "b")
_REGION_ZONES = {"ap-northeast-1": ("a", "c"), "sa-east-1": ("a", "c")}

# Of northern California's three letters an account sees two, and which two differs: cloudfoundry/bosh-bootloader#162 (a and c,
# b and c), kube-aws#206 (a and b).
ZONES_BY_ACCOUNT = frozenset({"us-west-1"})


def zones(region: str) -> tuple[str, str]:
    """The two availability zones used in a region unless the stack file names others."""
    first, second = _REGION_ZONES.get(region, _DEFAULT_ZONES)
    return region + first, region + second


@dataclass(frozen=True, kw_only=True)
class Lacking:
    """Instance classes of RDS that begin with ``family`` are not to be had; ``instead``: one of the same size that is."""

    family: str
    instead: str


# Held against cfn-lint's list of what RDS for PostgreSQL offers in each region: the default class is in every other one.
CLASSES_LACKING: Mapping[str, Lacking] = {
    "ca-west-1": Lacking(family="db.t4g.", instead="db.t3.micro"),
}

# botocore's partitions.json. The isolated partitions and the European sovereign one have domains of their own, which nothing
# here knows.
_OTHER_PARTITIONS = ("us-iso", "eu-iso", "eusc-")


def partition(region: str) -> str | None:
    """The AWS partition that a region's ARNs begin with; None of one whose domains we do not know."""
    if region.startswith(_OTHER_PARTITIONS):
        return None
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
