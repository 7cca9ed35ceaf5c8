"""What the app's own settings and files open: its checks, whom it believes, who publishes its images.

An app's variables mean what the app makes of them, so they are read by their names: one that speaks of a check and is
switched off, or of whom to believe and now says everybody, is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from preview.analysis.exposures.containers import CONNECTOR
from preview.analysis.exposures.machine_files import APP, Machine, environment, machines
from preview.analysis.exposures.versions import Versions
from preview.changes import Exposure, Kind

Found = Iterator[tuple[Kind, str]]

_CHECK = re.compile(
    r"AUTH|OIDC|OAUTH|SSO|SAML|LOGIN|VERIF|VALIDAT|CSRF|XSRF|TLS|SSL|SECURE|SIGNATURE|RBAC|ACL|CAPTCHA|MFA|2FA|OTP|RATE_?LIMIT"
    r"|THROTTL|SANDBOX|ENCRYPT|PROTECT|STRICT|GUARD|PERMISSION|POLICY|AUDIT",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"DEBUG|INSECURE|UNSAFE|SKIP|DISABLE|BYPASS|ANONYMOUS|GUEST|SIGN_?UP|SELF_?REGIST|OPEN_?REGIST|TRUST|ALLOW|PUBLIC|NO_AUTH",
    re.IGNORECASE,
)
_VOUCHER = re.compile(
    r"ISSUER|JWKS|AUDIENCE|AUTHORITY|DISCOVERY|OIDC_\w*UR[LI]|PUBLIC_?KEY|WEBHOOK_KEY", re.IGNORECASE
)
_ON = re.compile(r"1|true|yes|on|enabled?|required?|strict|always", re.IGNORECASE)
_OFF = re.compile(r"|0|false|no|off|disabled?|none|optional|never|allow", re.IGNORECASE)
_EVERYBODY = re.compile(
    r"(?:^|[\s,;\"'\[])(?:\*|\.\*|0\.0\.0\.0/0|::/0|any|all)(?:$|[\s,;\"'\]])", re.IGNORECASE
)
_WHOM = re.compile(
    r"ALLOW|TRUST|ORIGIN|CORS|HOSTS?\b|PROX|FORWARDED|_IPS?\b|CIDR|NETWORKS?\b|DOMAINS?\b", re.IGNORECASE
)
_TLS_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def app_settings(versions: Versions) -> Iterator[Exposure]:
    yield from _credentials(versions)
    for pair in machines(versions):
        if not pair.before.document:
            continue
        for name in sorted(pair.before.services.keys() & pair.after.services.keys()):
            old, new = pair.before.services[name], pair.after.services[name]
            found = [
                *_variables(environment(old), environment(new)),
                *(_publisher(old, new) if name != CONNECTOR else ()),  # containers.py says it
                *_flags(old, new),
            ]
            for kind, text in found:
                yield Exposure(kind=kind, subject=name, text=f"service {name}: {text}")
        variables = [
            {str(key): str(value) for key, value in (machine.specification.get("env") or {}).items()}
            for machine in (pair.before, pair.after)
        ]
        for kind, text in dict.fromkeys([*_variables(*variables), *_lines(pair.before, pair.after)]):
            yield Exposure(kind=kind, subject=pair.name, text=text)


_CREDENTIAL = re.compile(
    r"(?:token|secretKey|secret_key|password|apiKey|api_key|privateKey|accessKey|userServiceKey)$",
    re.IGNORECASE,
)


def _credentials(versions: Versions) -> Iterator[Exposure]:
    """A provider's credential that stands in the stack file as it is."""
    before, after = (lookup.evaluation for lookup in (versions.before, versions.after))
    for key in sorted(after.config):
        if key.startswith("drawbridge:") or not _CREDENTIAL.search(key) or key in after.secret_keys:
            continue
        if key not in before.config or key in before.secret_keys or before.config[key] != after.config[key]:
            text = f"{key} stands in plain text in the stack file: `pulumi config set --secret {key}`, and replace it"
            yield Exposure(kind="secret", subject=key, text=text)


def _variables(old: Mapping[str, str], new: Mapping[str, str]) -> Found:
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        if was == now:
            continue
        change = f"{key} is {'gone' if now is None else _shown(now)} (before: {'not set' if was is None else _shown(was)})"
        if "SSLMODE" in key.upper():
            modes = [
                _TLS_MODES.index(value) if value in _TLS_MODES else 2 for value in (was or "", now or "")
            ]
            if modes[1] < modes[0]:
                yield "check dropped", f"{change}: it checks less whom its database connection leads to"
        elif (
            now is not None
            and _WHOM.search(key)
            and _EVERYBODY.search(now)
            and not _EVERYBODY.search(was or "")
        ):
            yield "check dropped", f"{change}: the app believes or lets in everybody"
        elif _OPENING.search(key):
            if now is not None and _ON.fullmatch(now) and not _ON.fullmatch(was or ""):
                yield "check dropped", f"{change}: what the name speaks of is switched on"
        elif (
            _CHECK.search(key)
            and was is not None
            and _ON.fullmatch(was)
            and (now is None or _OFF.fullmatch(now))
        ):
            yield "check dropped", f"{change}: a check of the app's may be off"
        elif _VOUCHER.search(key) and was and now and not now.startswith("$"):
            yield "login loosened", f"{change}: another party, or tokens for another purpose, may be believed"


def _shown(value: str) -> str:
    return value if len(value) <= 60 else f"{value[:57]}..."


_OPTION = re.compile(r"[\"']?(--?[a-z][\w-]*)(?:=(.*))?", re.IGNORECASE)
_GUARDING_FLAG = re.compile(
    r"pass|auth|tls|ssl|cert|verify|secure|protect|token|acl|read-?only|deny", re.IGNORECASE
)
_OPENING_FLAG = re.compile(
    r"insecure|skip|disable|no-(?:auth|verify|tls)|anonymous|debug|allow-all|trust", re.IGNORECASE
)


def _flags(old: Mapping[str, Any], new: Mapping[str, Any]) -> Found:
    """Options of its command that guard and go, or that open and come."""
    was, now = _options(old), _options(new)
    for flag in sorted(was.keys() - now.keys()):
        if _GUARDING_FLAG.search(flag) and not _OPENING_FLAG.search(flag):
            yield (
                "check dropped",
                f"its command no longer has {flag}: what it checks or keeps secret may be open",
            )
    for flag in sorted(now.keys() - was.keys()):
        if _OPENING_FLAG.search(flag):
            yield "check dropped", f"its command has {flag} now"
    for flag, value in sorted(now.items()):
        if _WHOM.search(flag) and _EVERYBODY.search(value) and not _EVERYBODY.search(was.get(flag, "")):
            yield (
                "check dropped",
                f"its command has {flag} {value} now: the app believes or lets in everybody",
            )


def _options(service: Mapping[str, Any]) -> dict[str, str]:
    """The options of what a service runs, each with its value or ""."""
    words: list[str] = []
    for key in ("entrypoint", "command"):
        given = service.get(key) or []
        for part in given if isinstance(given, list) else [given]:
            words += str(part).split()
    found: dict[str, str] = {}
    for position, word in enumerate(words):
        if match := _OPTION.match(word):
            after = words[position + 1] if position + 1 < len(words) else ""
            found[match[1]] = match[2] or ("" if after.startswith("-") else after.strip("\"'"))
    return found


def _publisher(old: Mapping[str, Any], new: Mapping[str, Any]) -> Found:
    names = [_registry_and_owner(str(service.get("image") or "")) for service in (old, new)]
    if all(names) and names[0] != names[1]:
        yield (
            "container",
            f"its image is published by {names[1]} (before: {names[0]}): who publishes it has all that the service has",
        )


def _registry_and_owner(image: str) -> str:
    """`docker.io/library` of `redis:7`; "" for a name that is not known."""
    name = image.partition("@")[0]
    if not name or name.startswith("$"):
        return ""
    first, slash, rest = name.partition("/")
    if not slash or not re.search(r"[.:]|^localhost$", first):
        first, rest = "docker.io", name if slash else f"library/{name}"
    registry = {"index.docker.io": "docker.io", "registry-1.docker.io": "docker.io"}.get(first, first)
    return f"{registry}/{rest.rpartition('/')[0]}".rstrip("/")


# Lines of the app's files --------------------------------------------------------------------------------------------------

_OPENS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"^default\s+\S*(?:allow|permit|grant|authoriz)\w*\s*:?=\s*true\b"),
        "what no rule of the policy knows is allowed",
    ),
    (
        re.compile(
            r"^(?:satisfy\s+any|auth_basic\s+off|allow\s+all|autoindex\s+on|proxy_ssl_verify\s+off|ssl_verify_client\s+off)\s*;"
        ),
        "nginx asks less of a request, or shows more",
    ),
    (
        re.compile(
            r"^(?:proxy_set_header\s+X-(?:Real-IP|Forwarded-\w+)\s.*\$http_x_forwarded|real_ip_header\s+X-Forwarded-For)",
            re.IGNORECASE,
        ),
        "the visitor says which address a request has",
    ),
    (
        re.compile(r"^(?:proxy_pass\s+\w+://[^/;\s]+/[^;\s]|rewrite\s|alias\s)"),
        "requests are led to another path than the edge has judged",
    ),
    (re.compile(r"^set_real_ip_from\s+(?:0\.0\.0\.0/0|::/0)"), "nginx believes whoever names an address"),
    (
        re.compile(r"^add_header\s+Access-Control-Allow-Origin\s+[\"']?\*"),
        "every site's scripts may read the answers",
    ),
    (
        re.compile(
            r"\bgrant\b.*\bto\s+public\b|\bsuperuser\b|\bdisable\s+row\s+level\s+security\b", re.IGNORECASE
        ),
        "more may be done in the database",
    ),
)
_GUARDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^return\s+4(?:00|01|03|04|44)\b"), "nginx no longer refuses what it refused"),
    (
        re.compile(
            r"^(?:deny|auth_basic|auth_request|internal|limit_req|limit_conn|ssl_verify_client|secure_link|proxy_ssl_verify)\b"
        ),
        "nginx asks less of a request",
    ),
    (
        re.compile(r"^default\s+\S*(?:allow|permit|grant|authoriz)\w*\s*:?=\s*false\b"),
        "the policy no longer says that it refuses what it does not know",
    ),
    (
        re.compile(
            r"\b(?:enable|force)\s+row\s+level\s+security\b|^create\s+policy\b|^revoke\b", re.IGNORECASE
        ),
        "more may be done in the database",
    ),
)


def _lines(before: Machine, after: Machine) -> Found:
    """Lines that came and open, and those that guarded and of which there are fewer than before."""
    old, new = list(_app_lines(before)), list(_app_lines(after))
    there, now = {line for _, line in old}, {line: path for path, line in new}
    for line, path in now.items():
        if line not in there:
            for pattern, says in _OPENS:
                if pattern.search(line):
                    yield "check dropped", f"{says}: {path} has the line `{_shown(line)}`"
    for pattern, says in _GUARDS:
        guards = [line for _, line in old if pattern.search(line)]
        if sum(1 for _, line in new if pattern.search(line)) < len(guards):
            gone = next((line for line in guards if line not in now), "")
            words = f": no file has the line `{_shown(gone)}` any more" if gone else ""
            yield "check dropped", f"{says}{words}"


def _app_lines(machine: Machine) -> Iterator[tuple[str, str]]:
    """(file, line) of what the app's files say."""
    for path, file in machine.files.items():
        if path.startswith(APP) and not path.endswith((".yaml", ".yml")):
            for line in file.content.splitlines():
                if (text := line.strip()) and not text.startswith(("#", "--", "//")):
                    yield path.removeprefix(APP), text
