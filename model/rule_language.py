"""Whether Cloudflare's rules language takes an expression: judged by wirefilter, Cloudflare's own parser, where it is installed.

Its wheels exist for Linux, macOS and Windows; elsewhere quotes, brackets and unquoted names are looked at, and nothing else.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

try:
    from octorules_wirefilter import parse_expression
except ImportError:  # no wheel for this machine
    _parse: Callable[[str], dict[str, Any]] | None = None
else:
    _parse = parse_expression

_KNOWN = re.compile(r"(raw\.)?(http|cf|ip|ssl|tcp|udp|icmp|dns)(\.|$)")
_WORDS = re.compile(
    r'"(?:[^"\\]|\\.)*"|r(?P<hash>#*)".*?"(?P=hash)|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<quote>")|[^\s(){}\[\]",]+|\S',
    re.DOTALL,
)
_COMPARE = ("eq", "ne", "==", "!=", "contains", "matches", "~", "wildcard")
_PAIRS = {"(": ")", "{": "}", "[": "]"}


@dataclass(frozen=True)
class Fault:
    """``sure``: Cloudflare refuses it. Else it may know what the parser here does not, such as a field of a later day."""

    text: str
    sure: bool = True


FIELDS = (
    "cf.bot_management.score",
    "cf.client.bot",
    "cf.threat_score",
    "cf.tls_client_auth.cert_verified",
    "http.cookie",
    "http.host",
    "http.referer",
    "http.request.body.size",
    "http.request.full_uri",
    "http.request.headers",
    "http.request.method",
    "http.request.uri",
    "http.request.uri.args",
    "http.request.uri.path",
    "http.request.uri.path.extension",
    "http.request.uri.query",
    "http.request.version",
    "http.user_agent",
    "http.x_forwarded_for",
    "ip.src",
    "ip.src.asnum",
    "ip.src.continent",
    "ip.src.country",
    "ssl",
)
"""The fields that most rules use, to say what a misspelt one was meant to be; there are some two hundred more."""


def always(expression: str) -> bool:
    """Whether an expression is true of every request, as it is written."""
    bare = re.sub(r"\s+", " ", expression.lower()).strip("() ")
    return bare in ("true", "not false", "ssl or not ssl", "not ssl or ssl") or bool(
        re.search(r"(^|\bor\b) ?\(?true\)?($| ?\bor\b)", bare) and " and " not in bare
    )


def fault(expression: str) -> Fault | None:
    """What is wrong with an expression; None if nothing is known to be."""
    # The parser lacks `true`, by which Cloudflare names every request, and `false`.
    if expression.strip("() \n\t") in ("true", "false"):
        return None
    if not expression.strip():
        return Fault("an expression is empty")
    return _by_shape(expression) or (_by_parser(expression, _parse) if _parse else None)


def _by_parser(expression: str, parse: Callable[[str], dict[str, Any]]) -> Fault | None:
    error = parse(expression).get("error")
    if not error:
        return None
    lines = str(error).rstrip().split("\n")
    marker = next((line for line in lines if line.lstrip().startswith("^")), "")
    start = len(marker) - len(marker.lstrip())
    length = len(marker.lstrip()) - len(marker.lstrip().lstrip("^"))
    reason = marker.lstrip(" ^").strip() or lines[-1]
    source = lines[1] if len(lines) > 1 else expression
    found = source[start : start + length]
    # A name that follows no comparison stands for a field or a function, of which there are new ones every year.
    before = source[:start].split()
    named = reason == "unknown identifier" and not (before and before[-1] in (*_COMPARE, "in", "{"))
    later = named and (_KNOWN.match(found) or source[start + length :].lstrip().startswith("("))
    return Fault(f"the rules language does not take {found!r}: {reason}", sure=not later)


def _by_shape(expression: str) -> Fault | None:
    closing: list[str] = []
    last = ""
    for match in _WORDS.finditer(expression):
        word = match[0]
        if match["quote"]:
            return Fault("a quotation mark is not closed")
        if match["open"]:
            closing.append(_PAIRS[word])
        elif match["close"] and (not closing or closing.pop() != word):
            return Fault(f"{word!r} closes nothing")
        elif last in _COMPARE and not _is_value(word):
            return Fault(f"{word!r} is no value: texts stand in quotation marks")
        last = word
    return Fault(f"{closing[-1]!r} is missing") if closing else None


def _is_value(word: str) -> bool:
    if (
        word[0] in '"$({'
        or word.startswith(('r"', "r#"))
        or re.fullmatch(r"-?\d+|0x[0-9a-fA-F]+|true|false", word)
    ):
        return True
    try:
        ipaddress.ip_network(word, strict=False)
    except ValueError:
        return bool(re.fullmatch(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2})+", word))
    return True
