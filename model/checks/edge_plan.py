"""Whether Cloudflare's plan allows the rules that are asked for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence

from .. import naming, rule_language
from ..durations import go_duration
from ..edge.hosts import hostnames
from ..edge.path_guard import guard
from ..errors import Finding, finding, problem
from ..limits import EXPRESSION_CHARACTERS, NEAREST_FIELD, PLANS, RATE_LIMIT_PERIODS, Plan, plan_for
from ..rule_language import FIELDS
from ..settings import Cloudflare, CustomRule, Firewall, Route

# A quoted or raw string, a field or function, an operator written in signs.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|r(#*)".*?"\1|[A-Za-z_][\w.]*|~', re.DOTALL)


def _expression(place: str, text: str, plan: Plan) -> list[Finding]:
    """Operators and fields of an expression that the plan does not have."""
    names = [
        match[0]
        for match in _TOKEN.finditer(text)
        if match[0][0] != '"' and not match[0].startswith(('r"', "r#"))
    ]
    found: list[Finding] = []
    if not PLANS[plan].regex and ("matches" in names or "~" in names):
        said = f"regular expressions (`matches`) need the business plan, and the zone's is {plan}"
        found.append(problem(place, said, "use `wildcard` (with *), starts_with(), ends_with() or contains"))
    order = list(PLANS)
    for field in sorted({word for word in names if "." in word}):
        needed = plan_for(field.removeprefix("raw."))
        if order.index(needed) > order.index(plan):
            fix = next(
                (text for start, text in NEAREST_FIELD.items() if field.startswith(start)),
                "leave it to the app",
            )
            said = f"the field {field} needs the {needed} plan, and the zone's is {plan}"
            found.append(problem(place, said, fix))
    return found


def _doubts(place: str, rule: CustomRule) -> Iterator[str]:
    """What Cloudflare may refuse, and what is meant by nobody."""
    fault = rule_language.fault(rule.expression)
    if fault:
        yield (
            f"{place}: {fault.text}. Cloudflare may have learnt it since; if it has not, `up` is refused there"
            f"{_nearest(rule.expression)}"
        )
    if rule.enabled and rule.action not in ("skip", "log") and rule_language.always(rule.expression):
        yield f"{place}: is true of every request, so the rule meets all visitors of the whole zone ({rule.action})"


def _nearest(expression: str) -> str:
    for word in (match[0] for match in _TOKEN.finditer(expression) if "." in match[0] and match[0][0] != '"'):
        near = difflib.get_close_matches(word, FIELDS, n=1, cutoff=0.8)
        if near and word not in FIELDS:
            return f". Did you mean {near[0]}?"
    return ""


def _timeout(place: str, block: int, plan: Plan) -> list[Finding]:
    """A timeout that is not of the API's list; enterprise may set any."""
    choices = [time for time in RATE_LIMIT_PERIODS if time <= PLANS[plan].rate_limit_timeout]
    if block in choices:
        return []
    near = min(choices, key=lambda time: (abs(time - block), time))
    expected = f"a time of the {plan} plan ({', '.join(map(go_duration, choices))})"
    return [finding(place, expected, go_duration(block), f"the nearest is {go_duration(near)}")]


def check(
    firewall: Firewall, cloudflare: Cloudflare, routes: Sequence[Route]
) -> tuple[list[Finding], list[str]]:
    """What the plan does not allow, with the nearest thing that it does."""
    plan, limits = cloudflare.plan, PLANS[cloudflare.plan]
    found: list[Finding] = []
    warnings: list[str] = []
    shield = guard(routes)
    shields = shield.parts() if shield else []
    count = len(firewall.rules) + len(shields)
    if firewall.owner and count > limits.custom_rules:
        guards = "one of them guards" if len(shields) == 1 else f"{len(shields)} of them guard"
        used = f" ({guards} paths on shared hosts)" if shield else ""
        found.append(
            finding(
                "firewall.rules",
                f"at most {limits.custom_rules} custom rules on the {plan} plan{used}",
                count,
                "join rules with `or`",
            )
        )
    for position, custom in enumerate(firewall.rules):
        place = f"firewall.rules[{position}]"
        if custom.action == "log" and not limits.log_action:
            found.append(
                finding(
                    f"{place}.action",
                    f"an action of the {plan} plan; `log` needs enterprise",
                    "log",
                    "use managed_challenge or block",
                )
            )
        found += _expression(f"{place}.expression", custom.expression, plan)
        warnings += _doubts(f"{place}.expression", custom)
    for label, names in (
        ("rules", [r.name for r in firewall.rules]),
        ("rateLimits", [r.name for r in firewall.rate_limits]),
    ):
        for index, name in enumerate(names):
            if name in names[:index] or not naming.may_name_a_rule(name):
                found.append(
                    finding(
                        f"firewall.{label}[{index}].name", "a name that no other rule has", name, "rename it"
                    )
                )
    if len(firewall.rate_limits) > limits.rate_limit_rules:
        found.append(
            finding(
                "firewall.rateLimits",
                f"at most {limits.rate_limit_rules} rate limits on the {plan} plan",
                len(firewall.rate_limits),
                "join paths under a common prefix, or leave the rest to the app",
            )
        )
    allowed = [period for period in RATE_LIMIT_PERIODS if period <= limits.rate_limit_period]
    for position, limit in enumerate(firewall.rate_limits):
        place = f"firewall.rateLimits[{position}]"
        if limit.per not in allowed:
            near = min(allowed, key=lambda period: (abs(period - limit.per), period))
            windows = f"a window of the {plan} plan ({', '.join(map(go_duration, allowed))})"
            fix = f"the nearest is {go_duration(near)}; longer windows are for the app to count"
            found.append(finding(f"{place}.per", windows, go_duration(limit.per), fix))
        if limit.block is not None and limit.action != "block" and plan != "enterprise":
            expected = f"no block beside {limit.action}: below enterprise it has no time, who solves it goes on at once"
            found.append(finding(f"{place}.block", expected, go_duration(limit.block), "leave out `block`"))
        elif limit.block is not None and limit.block > limits.rate_limit_timeout:
            longest = go_duration(limits.rate_limit_timeout)
            expected = f"at most {longest} on the {plan} plan"
            fix = f"write {longest}: who continues is blocked again"
            found.append(finding(f"{place}.block", expected, go_duration(limit.block), fix))
        elif limit.block is not None and plan != "enterprise":
            found += _timeout(f"{place}.block", limit.block, plan)
        if limit.hostname and "host" not in limits.rate_limit_fields:
            found.append(
                finding(
                    f"{place}.hostname",
                    f"no hostname: a rate limit of the {plan} plan names the path alone",
                    limit.hostname,
                    "leave it out; the limit then counts for the whole zone",
                )
            )
        elif limit.hostname and limit.hostname not in hostnames(routes):
            found.append(finding(f"{place}.hostname", "a hostname of the routes", limit.hostname))
        if limit.by not in limits.rate_limit_characteristics:
            expected = f"address, by which alone the {plan} plan counts; `visitor` needs business"
            fix = "write `address`; visitors behind a shared one then share its limit"
            found.append(finding(f"{place}.by", expected, limit.by, fix))
        if plan == "free" and limit.action != "block":
            found.append(finding(f"{place}.action", "block, the only one on the free plan", limit.action))
    if firewall.managed and not limits.managed_rulesets:
        warnings.append(
            f"firewall.managed: {plan} has Cloudflare's free managed ruleset alone, which is on by itself; nothing is added. "
            "Cloudflare's and OWASP's whole rulesets come with pro"
        )
    if firewall.merge and not firewall.owner:
        found.append(
            finding(
                "firewall.merge",
                "no stacks to merge, which only the zone's owner may have",
                list(firewall.merge),
                "set firewall.owner: true",
            )
        )
    if firewall.origin_verify and not firewall.owner:
        found.append(
            problem(
                "firewall.originVerify",
                "only the zone's owner sets headers: the edge would not set this one, and the app would refuse every request",
                "set firewall.owner: true, or leave originVerify to the owner's stack",
            )
        )
    size = max((len(part.expression()) for part in shields), default=0)
    if size > EXPRESSION_CHARACTERS:
        found.append(
            finding(
                "routes",
                f"at most {EXPRESSION_CHARACTERS} characters in the rule that guards paths on shared hosts",
                size,
                "put what is protected on a hostname of its own: a whole host needs no guard",
            )
        )
    if not firewall.owner and shield:
        warnings.append(
            "firewall.owner: a path is a boundary on a shared host, and this stack does not own the zone's rules: its guard acts "
            "only once the owner merges this stack (firewall.merge)"
        )
    return found, warnings
