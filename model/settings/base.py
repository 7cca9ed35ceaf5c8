"""What every section of a stack file is made of: the model's base, and the types of fields."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

import idna
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from .. import durations, go_yaml
from ..errors import Invalid
from ..paths import PathPattern
from ..printable import seen


class Section(BaseModel):
    """Frozen, unknown keys refused, camelCase keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


def pattern(pattern: str, rule: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if not compiled.fullmatch(value):
            raise ValueError(rule)
        return value

    return AfterValidator(check)


def duration(low: int, high: int, meaning: str) -> Any:
    """A duration field: written as `30s`, held as whole seconds."""

    def parse(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(durations.FORM)
        result = durations.seconds(value)
        if not low <= result <= high:
            raise ValueError(
                f"a duration between {durations.go_duration(low)} and {durations.go_duration(high)}"
            )
        return result

    schema: Any = {"type": "string", "pattern": r"^(\d+(s|m|h|d))+$"}
    return Annotated[int, BeforeValidator(parse, json_schema_input_type=str), Field(json_schema_extra=schema)]


def _hostname(value: str) -> str:
    host = value.removeprefix("*.")
    try:
        ascii_form = idna.encode(host).decode() if not host.isascii() else host
    except idna.IDNAError as error:
        raise ValueError("a DNS name") from error
    if host != ascii_form:
        raise ValueError(f"the hostname in its ASCII form, {ascii_form}")
    labels = host.split(".")
    well_formed = len(host) <= 253 and len(labels) > 1 and not host.endswith(".")
    if not well_formed or not all(re.fullmatch(r"(?!-)[a-z0-9_-]{1,63}(?<!-)", label) for label in labels):
        raise ValueError("a lower-case DNS name such as app.example.com, or *.example.com")
    return value


def _service(value: str) -> str:
    if re.fullmatch(r"http_status:[1-5]\d\d", value):
        return value
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise ValueError("http://NAME:PORT of a service in the compose file") from error
    # urlsplit drops blanks and line breaks, which the value would keep.
    if not re.fullmatch(r"[!-~]+", value):
        raise ValueError(
            "http://NAME:PORT of a service in the compose file, without blanks and other characters"
        )
    if parts.scheme not in ("http", "https", "tcp", "ws", "wss") or not parts.hostname:
        raise ValueError("http://NAME:PORT of a service in the compose file, or http_status:404")
    if parts.path or parts.query or parts.fragment:
        raise Invalid(
            "http://NAME:PORT without a path",
            fix="the connector cannot rewrite paths: put it in the route's `path`",
        )
    if "@" in value:
        raise Invalid(
            "http://NAME:PORT without a login",
            fix="remove it: whoever reads the tunnel's configuration would have it",
        )
    if not port:
        raise ValueError("a service with its port, as in http://nginx:80")
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+", value):
        raise Invalid(
            "an email address in lower case",
            fix="Access stores it in lower case, and every run would show a change",
        )
    return value


def _cidr(value: str) -> str:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError as error:
        raise ValueError("an address range in CIDR form, such as 203.0.113.7/32") from error
    if str(network) != value:
        raise Invalid(f"the range in canonical form, {network}", fix="the APIs store it in that form")
    return value


_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


DOCKER_POOLS = tuple(
    map(
        ipaddress.ip_network,
        ("172.17.0.0/16", "172.18.0.0/15", "172.20.0.0/14", "172.24.0.0/13", "192.168.0.0/16"),
    )
)
"""Whence Docker takes the ranges of networks that name none: its default-address-pools."""


def usable(key: str, cidr: str) -> None:
    """Raises Invalid for a range that no network of ours can have."""
    network = ipaddress.ip_network(cidr)
    if network.version != 4 or not any(
        network.subnet_of(private) for private in map(ipaddress.IPv4Network, _PRIVATE)
    ):
        raise Invalid(
            "a private IPv4 range, below 10.0.0.0/8, 172.16.0.0/16 or 100.64.0.0/10",
            cidr,
            "choose one of these: machines could not reach whoever else has its addresses",
            key=key,
        )
    if pool := next((pool for pool in DOCKER_POOLS if network.overlaps(pool)), None):
        raise Invalid(
            f"a range outside {pool}, from which Docker on the machines takes its networks", cidr, key=key
        )


def _relative_path(value: str) -> str:
    if value.startswith("/") or not value or ".." in value.split("/") or "\\" in value or value.endswith("/"):
        raise ValueError("a relative path inside the project, without ..")
    if posixpath.normpath(value) != value:
        raise ValueError(f"the path in its plain form, {posixpath.normpath(value)}")
    if not all(map(seen, value)):
        raise ValueError("a path of characters that can be seen")
    if len(value.encode()) > 1000 or any(len(part.encode()) > 255 for part in value.split("/")):
        raise ValueError("a path of at most 1,000 bytes, and 255 between two slashes, as Linux takes them")
    return value


def _one_line(value: str) -> str:
    if not all(map(seen, value)):
        raise ValueError("one line of characters that can be seen, without control characters")
    return value


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if (
        not re.fullmatch(r"https://[a-z0-9.-]+(:\d{1,5})?", value)
        or not parts.hostname
        or "." not in parts.hostname
    ):
        raise ValueError(
            "an origin as browsers send it: https://HOST, in lower case, without a path or a / at the end"
        )
    return value


def _path_pattern(value: Any) -> Any:
    return PathPattern.parse(value) if isinstance(value, str) else value


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} (UTC|[+-]\d{4})")
"""How the engine passes on what YAML takes for a day."""


def _text_value(value: Any) -> Any:
    if isinstance(value, float):
        raise Invalid(
            "text", fix='write it in quotes ("1.10"): to YAML it is a number, and loses a zero at its end'
        )
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        raise Invalid(
            "text", fix='write it in quotes ("2026-01-31"): to YAML it is a day, and gets an hour and a zone'
        )
    if isinstance(value, bool) or value is None:
        raise Invalid(
            "text", fix=f'write it in quotes ("{go_yaml.text(value)}"), or its spelling changes on the way'
        )
    return value


Hex32 = Annotated[
    str, pattern(r"[0-9a-f]{32}", "32 hexadecimal digits, from the zone's overview page in the dashboard")
]


Uuid = Annotated[str, pattern(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "a UUID in lower case")]


Name = Annotated[
    str,
    pattern(
        r"[a-z][a-z0-9-]{0,30}", "a name of lower-case letters, digits and -, at most 31, a letter first"
    ),
]


VariableName = Annotated[
    str, pattern(r"[A-Za-z_][A-Za-z0-9_]*", "a variable's name of letters, digits and _, no digit first")
]


VariableValue = Annotated[str, BeforeValidator(_text_value)]


Hostname = Annotated[str, AfterValidator(_hostname)]


ServiceUrl = Annotated[str, AfterValidator(_service)]


Email = Annotated[str, AfterValidator(_email)]


Cidr = Annotated[str, AfterValidator(_cidr)]


RelativePath = Annotated[str, AfterValidator(_relative_path)]


Path = Annotated[
    PathPattern,
    BeforeValidator(_path_pattern, json_schema_input_type=str),
    Field(json_schema_extra={"type": "string", "pattern": r"^/[^*]*\*?$"}),
]


Identifier = Annotated[
    str,
    pattern(r"[a-z_][a-z0-9_]{0,62}", "a PostgreSQL name of lower-case letters, digits and _, at most 63"),
]


ZoneName = Annotated[str, pattern(r"[a-z0-9-]+-\d+[a-z]", "an availability zone such as ap-northeast-1a")]


Origin = Annotated[str, AfterValidator(_origin)]


Domain = Annotated[str, AfterValidator(_hostname)]


Text = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_one_line)]
