"""Whether an expression of the rules language can match what legitimate clients of the stack send.

Every alternative of an expression must have a part that only an attacker, or a client that somebody named, fits. What is not
recognised counts as ordinary: a rule that may stop people is never called harmless.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
from collections.abc import Iterable, Sequence

from preview.analysis.exposures.expressions import HOST_FIELDS, Condition, Expression
from preview.analysis.reach import NOBODY, Reach
from preview.resource_types.record import names


def stopped(
    expression: Expression, host: str, reach: Reach, before: Sequence[Expression], guard: bool = False
) -> bool:
    """May ordinary requests to this host match, which none of the expressions ``before`` matched?

    ``guard``: it is the program's own guard of paths, whose odd spellings no legitimate client sends.
    """
    earlier = [item.for_host(host) for item in before]
    for parts in expression.for_host(host).alternatives:
        alone = Expression(frozenset({parts}))
        if any(alone.within(other) for other in earlier):
            continue
        if guard and any("path" in part.field or part.field in HOST_FIELDS for part in parts):
            continue
        if not any(_odd(part, host, reach) for part in parts):
            return True
    return False


# No legitimate client asks for these. Encoded separators, traversal, injections, and what scanners look for.
_ATTACK = re.compile(
    r"union.*select|select.*from|insert.*into|drop.*table|sleep\(|benchmark\(|information_schema|<script|%3cscript|javascript:|"
    r"onerror=|\.\./|\.\.\\|etc/passwd|\$\{|jndi:|/\.env|/\.git|/\.aws|/\.ssh|/\.svn|/\.hg|/\.ds_store|/wp-|wp-login|wp-admin|"
    r"wp-content|xmlrpc|wordpress|\.php|\.asp|\.jsp|\.cgi|cgi-bin|phpmyadmin|phpunit|/\.well-known/\.\.|\.sql$|\.bak$|"
    r"/actuator|/solr/|/boaform|/hnap1|%00|%0[0-9a-f]|%1[0-9a-f]|%2f|%5c|%2e|%25|%3b|%7f|%c0|%c1|//|/\./|\\",
    re.IGNORECASE,
)
_EXTENSIONS = frozenset(names("php php5 phtml asp aspx jsp jspx cgi pl env git sql bak old ini htaccess"))
# Clients that people and machines really use; a rule against such a name stops them.
_CLIENTS = re.compile(
    r"mozilla|webkit|chrome|chromium|safari|firefox|edg|opera|gecko|iphone|ipad|android|windows|mac|linux|mobile|curl|wget|"
    r"python|requests|httpx|aiohttp|go-http|okhttp|java|axios|node|undici|fetch|dart|cfnetwork|darwin|ruby|faraday|guzzle|"
    r"postman|insomnia|stripe|github|gitlab|slack|twilio|amazon|google|bing|uptime|pingdom|health|kube|prometheus|grafana",
    re.IGNORECASE,
)
_METHODS = frozenset(names("GET HEAD POST PUT PATCH DELETE OPTIONS"))
_PATHS = ("http.request.uri.path", "http.request.uri", "http.request.full_uri")
_TEXTS = (
    *_PATHS,
    "http.request.uri.query",
    "http.request.uri.args",
    "http.request.body.raw",
    "http.request.headers",
    "http.referer",
    "http.cookie",
    "http.request.cookies",
)
# Whence no legitimate client is expected: embargoed countries, Tor, and what has no known place.
_CLOSED_COUNTRIES = frozenset(names("KP CU IR SY T1 XX"))
_COUNTRIES = ("ip.src.country", "ip.geoip.country")
_NETWORKS = ("ip.src.asnum", "ip.geoip.asnum")
_WIDEST = {4: 8, 6: 24}
"""Prefix lengths from which on a range is somebody's, not a part of the world."""
_SCORES = {
    "cf.bot_management.score": 30,
    "cf.waf.score": 50,
    "cf.waf.score.sqli": 50,
    "cf.waf.score.xss": 50,
    "cf.waf.score.rce": 50,
}
"""Scores at or below which a request is taken for automated or an attack. Source: the fields' reference."""
_BAD_SIGNS = (
    "cf.waf.content_scan.has_malicious_obj",
    "cf.waf.credential_check.password_leaked",
    "cf.waf.credential_check.username_and_password_leaked",
    "cf.tls_client_auth.cert_revoked",
    "false",
)


def _odd(part: Condition, host: str, reach: Reach) -> bool:
    """Does no legitimate client of this host fit the part?"""
    field = _field(part.field)
    if part.no:
        return _all_but(field, part)
    if field in _BAD_SIGNS:
        return True
    if field in HOST_FIELDS or field == "http.host":
        return bool(part.values) and not any(_host_fits(host, part.operator, value) for value in part.values)
    if field in _COUNTRIES:
        return part.operator == "in" and part.values <= _CLOSED_COUNTRIES
    if field in _NETWORKS:
        return part.operator == "in"
    if field == "ip.src":
        return part.operator == "in" and all(map(_somebodys, part.values))
    if field == "http.request.method":
        return part.operator == "in" and not part.values & _METHODS
    if field == "http.request.version":
        return part.operator == "in" and part.values <= {"HTTP/1.0", "HTTP/0.9"}
    if field == "cf.tls_version":
        return part.operator == "in" and part.values <= {"SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"}
    if field == "http.user_agent":
        return all(map(_no_client, _wanted(part))) and (part.operator == "in" or all(part.values))
    if field == "cf.verified_bot_category":
        return part.operator == "in"
    if field == "cf.threat_score":
        return part.operator in (">", ">=") and min(map(_number, part.values), default=0) >= 5
    if field in _SCORES:
        return part.operator in ("<", "<=") and max(map(_number, part.values), default=99) <= _SCORES[field]
    if field == "http.request.uri.path.extension":
        return part.operator == "in" and {value.lower() for value in part.values} <= _EXTENSIONS
    if any(field == text or field.startswith(f"{text}[") or field.startswith(f"{text}.") for text in _TEXTS):
        return (bool(part.values) and all(_ATTACK.search(value) for value in _wanted(part))) or _unserved(
            field, part, host, reach
        )
    return False


def _field(text: str) -> str:
    """A field without what only spells it in another way: `lower(raw.http.request.uri.path)` is the path."""
    while match := re.fullmatch(r"(?:lower|upper|url_decode|to_string|any)\((.*)\)", text):
        text = match[1]
    return text.removeprefix("raw.")


def _wanted(part: Condition) -> Iterable[str]:
    """The texts that a part looks for; of a regular expression, each of its alternatives."""
    for value in part.values:
        if part.operator == "~":
            yield from value.removeprefix("(?i)").strip("()").split("|")
        else:
            yield value


def _all_but(field: str, part: Condition) -> bool:
    """A part that must not hold: is it what every honest request fits?"""
    if part.operator == "in" and field == "http.request.method":
        return part.values >= _METHODS
    if field in HOST_FIELDS:
        return False
    if part.operator == "in" and field == "cf.edge.server_port":
        return part.values >= {"443"}
    return field in ("ssl", "true")


def _host_fits(host: str, operator: str, value: str) -> bool:
    if operator == "contains":
        return value in host or host.startswith("*")
    if operator == "wildcard":
        return fnmatch.fnmatchcase(host, value.lower())
    return True


def _somebodys(value: str) -> bool:
    if value.startswith("$"):
        return True
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return False
    return network.prefixlen >= _WIDEST[network.version]


def _no_client(value: str) -> bool:
    return not value or (len(value) > 2 and not _CLIENTS.search(value) and value.lower() != "bot")


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return 0


def _unserved(field: str, part: Condition, host: str, reach: Reach) -> bool:
    """A path at which no route of the host answers."""
    if field != "http.request.uri.path" or part.operator not in ("in", "starts_with"):
        return False
    for value in part.values:
        asked = [value]
        if part.operator == "starts_with":
            asked += [f"{value}x", f"{value.rstrip('/')}/x"]
            asked += [path for path in reach.samples(host) if path.startswith(value)]
        if any(reach.at(host, path).who != NOBODY for path in asked):
            return False
    return True
