"""The variables of a compose file: which are secrets, which are made, which are the address of the app."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from model.compose.file import Compose
from model.compose.interpolation import InvalidTemplateError, interpolate
from model.compose.replaced import names_of
from model.compose.replaced_variables import of_service
from preview.new.proposal import Proposal
from preview.new.services import kept

_EXAMPLES = (
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "example.env",
    "env.example",
    "sample.env",
    ".env-example",
    "default.env",
    ".env",
    "stack.env",
)
"""Files beside a compose file with values for its variables; the first that is there counts."""

_SECRET = re.compile(
    r"(^|_)(SECRETS?|PASS|PASSWD|PASSWORD|PWD|TOKEN|KEY|SALT|PEPPER|CREDENTIALS?|PRIVATE)(_|$|BASE)|SECRETKEY|PASSPHRASE",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"PUBLIC|KEY_?PREFIX|KEY_?ID|EXPIR|_TTL|TOKEN_(URL|URI|LIFETIME|ENDPOINT)|LENGTH|PASS(WORD)?_(MIN|RESET|LOGIN)|_FILE$|_PATH$|_ENABLED?$|_DISABLED?$|KEY_?FILE",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"SMTP|MAIL|AWS|S3|GCP|GOOGLE|AZURE|GITHUB|GITLAB|SLACK|DISCORD|STRIPE|TWILIO|SENDGRID|OPENAI|ANTHROPIC|OAUTH|OIDC|SAML|LDAP|"
    r"CLIENT_SECRET|API_?KEY|LICEN[CS]E|SENTRY|TELEGRAM|MAXMIND|CLOUDFLARE|DSN|WEBHOOK|BOT",
    re.IGNORECASE,
)
"""Secrets that another system shares, so none that can be made here."""

_KNOWN_TO_PEOPLE = re.compile(r"ADMIN|INITIAL|ROOT_PASS|DEFAULT_|OWNER|SUPERUSER|BOOTSTRAP", re.IGNORECASE)
_URL = re.compile(r"(URL|URI|ORIGINS?|SITE|WEBSITE|ENDPOINT|ADDRESS)$", re.IGNORECASE)
_HOST = re.compile(r"(DOMAIN|DOMAIN_?NAMES?|HOST|HOSTNAME|FQDN|VIRTUAL_HOST|ALLOWED_HOSTS)$", re.IGNORECASE)
_LOCAL = re.compile(
    r"(?P<scheme>https?)://(?P<host>localhost|127\.0\.0\.1|0\.0\.0\.0|[\w.-]*\bexample\.(?:com|org|net)|[\w.-]*your-?domain[\w.-]*|"
    r"[\w.-]*my-?domain[\w.-]*|change-?me[\w.-]*|<[^>]*>)(?::(?P<port>\d+))?(?P<path>/[^\s,]*)?",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"change|replace|secret|example|your|xxx|password|insecure|super|generate|random|unsafe|todo|default|\bkey\b|^$|<.*>",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
_SMTP = re.compile(r"(SMTP|MAIL|EMAIL)\w*_?(PORT)", re.IGNORECASE)
_MAIL = re.compile(r"SMTP|MAILER|EMAIL_HOST|MAIL_HOST", re.IGNORECASE)


def read_examples(folder: Path, compose: str) -> tuple[dict[str, str], str]:
    """The variables of an example beside the compose file, and its name."""
    for name in _EXAMPLES:
        if (folder / name).is_file():
            found: dict[str, str] = {}
            for key, value in pairs((folder / name).read_text(encoding="utf-8", errors="replace")):
                try:
                    found[key] = interpolate(value, found, unset="")
                except InvalidTemplateError:
                    found[key] = value
            return found, name
    return {}, ""


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """The assignments of an env file; one that is a comment is none."""
    for line in text.splitlines():
        match = re.match(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$", line)
        if match:
            value = match[2]
            if value[:1] in ("'", '"') and value[1:].find(value[0]) >= 0:
                value = value[1 : 1 + value[1:].find(value[0])]
            else:
                value = re.sub(r"(^|\s+)#.*$", "", value)
            yield match[1], value


def propose(
    compose: Compose, wanted: Mapping[str, str], examples: Mapping[str, str], whole: bool, proposal: Proposal
) -> None:
    """``wanted`` are variables without a value, each with what asks for it; ``examples`` the values of the file beside it, and
    ``whole`` whether a service reads all of these."""
    for name in sorted(wanted):
        _variable(name, examples.get(name, ""), name in examples, proposal)
    if whole:
        for name, value in examples.items():
            if name not in wanted and value and "$" not in value:
                _variable(name, value, True, proposal)
    for name in [name for name, value in proposal.env.items() if _LOGIN.search(value)]:
        del proposal.env[name]
        proposal.secrets.append(name)
        proposal.because("secrets", f"{name}: a login stands in it")
    _literals(compose, proposal)
    _mail(compose, proposal)


def without_database(compose: Compose, examples: Mapping[str, str], proposal: Proposal) -> dict[str, str]:
    """The examples without those that name the replaced database: services that read all of .env are told it one by one."""
    server = compose.services.get((proposal.database or {}).get("replaces", ""))
    if server is None:
        return dict(examples)
    named: set[str] = set()
    for name, service in kept(compose, proposal):
        own = {key: value for key, value in service.environment.items() if value is not None}
        passed = {key: examples[key] for key in service.environment.keys() - own if key in examples}
        asked = replace(service, environment={**(examples if service.reads_env_file else passed), **own})
        found = of_service(asked, names_of(server), server.environment, {}, {})
        told = {key: text for key, text in found.changed.items() if key not in own}
        if told and told.keys() & asked.environment.keys() - own:
            proposal.environment.setdefault(name, {}).update(told)
            proposal.because("environment", f"{name}: its .env named the database of the file")
            named |= told.keys() & examples.keys()
    return {key: value for key, value in examples.items() if key not in named}


def is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not _NO_SECRET.search(name)


def made(name: str) -> dict[str, Any]:
    """How a secret of this name is made: letters where it goes into URLs and command lines, bytes where an app counts them."""
    if re.search(r"VAULT_KEY|APP_KEY|ENCRYPTION_KEY_BASE64|B64|BASE64", name, re.IGNORECASE):
        return {"bytes": 32, "encoding": "base64"}
    if re.search(r"KEY_BASE", name, re.IGNORECASE):
        return {"bytes": 48, "encoding": "hex"}
    if re.search(r"PASS|PWD", name, re.IGNORECASE):
        return {"encoding": "letters", "length": 32}
    return {"bytes": 32, "encoding": "hex"}


def _variable(name: str, example: str, given: bool, proposal: Proposal) -> None:
    if name in proposal.env or name in proposal.secrets or name in proposal.generate:
        return
    if is_secret(name):
        if _OTHERS.search(name) or _KNOWN_TO_PEOPLE.search(name):
            proposal.secrets.append(name)
            proposal.because(
                "secrets", "a person or another system has to know these; pulumi config set --secret --path"
            )
        else:
            proposal.generate[name] = made(name)
            proposal.because(
                "generate", "made once, kept encrypted in the stack's state; nobody needs to know them"
            )
        return
    local = _LOCAL.search(example)
    if local and _URL.search(name):
        proposal.env[name] = _LOCAL.sub(lambda m: f"https://{proposal.host}{m['path'] or ''}", example)
    elif (
        _URL.search(name)
        and not example
        and re.search(r"PUBLIC|BASE|APP|SITE|ROOT|WEB|FRONT|^URL|SERVER|EXTERNAL", name, re.IGNORECASE)
    ):
        proposal.env[name] = f"https://{proposal.host}"
    elif (
        _HOST.search(name)
        and (not example or "example" in example or "localhost" in example)
        and not re.search(r"SMTP|MAIL|DB|POSTGRES|PG|REDIS|MYSQL|SQL", name, re.IGNORECASE)
    ):
        proposal.env[name] = proposal.host
    else:
        proposal.env[name] = example
        if not given and not example:
            proposal.because(
                "env", f"{name}: the file gives it no value, and Compose would take it for empty"
            )


def _literals(compose: Compose, proposal: Proposal) -> None:
    """Values that the file writes out and that are others here: its address on a laptop, and secrets that everybody knows."""
    published = {port for _, service in kept(compose, proposal) for port in _published(service.ports)}
    written: dict[str, str] = {}
    text = compose.text
    for name, service in kept(compose, proposal):
        for variable, value in service.environment.items():
            if not value or variable not in service.fixed:
                continue
            local = _LOCAL.fullmatch(value)
            if local and (local["port"] in (None, *published)) and local["host"] not in ("0.0.0.0",):
                proposal.environment.setdefault(name, {})[variable] = (
                    f"https://{proposal.host}{local['path'] or ''}"
                )
                proposal.because("environment", f"{name}.{variable}: the file has {value}")
            elif (
                is_secret(variable)
                and _PLACEHOLDER.search(value)
                and not _OTHERS.search(variable)
                and not value.startswith(("/", "http", "$"))
            ):
                if text.count(value) > sum(
                    value == v for _, s in kept(compose, proposal) for v in s.environment.values()
                ):
                    continue  # it stands in a command or a URL too, and one without the other would not fit
                if value not in written:
                    new = (
                        variable
                        if variable not in (*proposal.env, *proposal.generate, *proposal.secrets)
                        else f"{name}_{variable}".upper().replace("-", "_")
                    )
                    new = re.sub(r"[^A-Za-z0-9_]", "_", new)
                    people = bool(_KNOWN_TO_PEOPLE.search(variable))
                    if people:
                        proposal.secrets.append(new)
                        proposal.because(
                            "secrets",
                            "a person or another system has to know these; pulumi config set --secret --path",
                        )
                    else:
                        proposal.generate[new] = made(variable)
                        proposal.because(
                            "generate",
                            "made once, kept encrypted in the stack's state; nobody needs to know them",
                        )
                    written[value] = new
                proposal.environment.setdefault(name, {})[variable] = f"${{{written[value]}}}"
                proposal.because(
                    "environment", f"{name}.{variable}: the file writes out a value that everybody knows"
                )


def _published(ports: Any) -> Iterator[str]:
    for port in ports:
        yield from (port["published"], port["target"])


def _mail(compose: Compose, proposal: Proposal) -> None:
    variables = {
        name: value for _, s in kept(compose, proposal) for name, value in s.environment.items()
    } | proposal.env
    if not any(_MAIL.search(name) for name in variables):
        return
    port = next(
        (str(v) for n, v in variables.items() if _SMTP.fullmatch(n) and str(v or "").isdigit()), "587"
    )
    number = int(port) if port in ("465", "587", "2525") else 587
    proposal.egress.append({"port": number, "protocol": "tcp", "cidr": "0.0.0.0/0", "why": "Mail submission"})
    proposal.because(
        "network",
        "the app sends mail; nothing else than 80, 443, DNS and the tunnel leaves a machine"
        + ("; AWS blocks port 25" if port == "25" else ""),
    )
