"""`drawbridge:app`: the Docker Compose app and what it is given."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from ..errors import Invalid
from .base import Origin, RelativePath, Section, Text, VariableName, VariableValue, duration, pattern


class Generated(Section):
    """A secret that is made once and kept, encrypted, in the stack's state."""

    bytes: Annotated[int, Field(ge=16, le=512)] | None = Field(
        default=None,
        description="Random bytes, before encoding: 32 unless it says otherwise. Not with `letters`.",
    )
    encoding: Literal["hex", "base64", "base64url", "letters"] = Field(
        default="hex",
        description="How they are written. `base64url` is - and _ for + and /, without = (safe in a URL); `letters` are letters "
        "and digits.",
    )
    length: Annotated[int, Field(ge=22, le=512)] | None = Field(
        default=None,
        description="`letters`: how many, 32 unless it says otherwise; 22 are as hard to guess as 16 bytes.",
    )
    rotation: str = Field(default="1", description="Any text; another text makes a new value.")

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Generated:
        if self.encoding == "letters" and self.bytes is not None:
            raise Invalid(problem="letters are counted, not encoded", fix="give length, not bytes")
        if self.encoding != "letters" and self.length is not None:
            raise Invalid(
                problem=f"{self.encoding} writes bytes (hex: two characters a byte)",
                fix="give bytes, not length",
            )
        return self


class Registry(Section):
    """A private registry that the machines log in to."""

    server: Annotated[str, pattern(r"[a-z0-9.-]+(:\d+)?", "a registry's host, such as ghcr.io")] = Field(
        description="Its host, such as ghcr.io."
    )
    username: Text | None = Field(default=None, description="The user that logs in; not for ECR.")
    password: VariableName | None = Field(
        default=None, description="The name of the secret that logs in; not for ECR."
    )

    @property
    def ecr(self) -> bool:
        """Amazon's own registry: the machine's role logs in, there is no password."""
        return bool(re.fullmatch(r"\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?", self.server))

    @model_validator(mode="after")
    def _login_is_whole(self) -> Registry:
        if self.ecr and (self.username or self.password):
            raise Invalid(
                problem="the machines log in to ECR with their role", fix="leave out username and password"
            )
        if not self.ecr and not (self.username and self.password):
            raise Invalid(
                problem="a registry other than ECR without username and password",
                fix="add both (password is a secret's name)",
            )
        return self


class Allow(Section):
    """What is refused unless it is allowed here, by service."""

    mutable_images: tuple[str, ...] = Field(
        default=(),
        description="Services whose image may be untagged or `latest`: two machines may then run two versions.",
    )
    no_healthcheck: tuple[str, ...] = Field(
        default=(),
        description="Routed services without a healthcheck: a release cannot wait for them to be ready.",
    )
    by_host: tuple[str, ...] = Field(
        default=(),
        description="Services that tell hosts apart themselves: a path that is protected on one host may be open on another.",
    )
    host_network: tuple[str, ...] = Field(
        default=(),
        description="Services on the host's network: they can reach the machine's AWS credentials.",
    )
    machine: tuple[str, ...] = Field(
        default=(),
        description="Services that may take the machine: privileged, with its files, devices, namespaces or Docker's socket.",
    )
    own_database: tuple[str, ...] = Field(
        default=(),
        description="Database servers of the compose file that are meant beside `drawbridge:database`.",
    )


Command = Annotated[str, StringConstraints(min_length=1, max_length=2000), pattern(r"[^\n\r\0]*", "one line")]


class Healthcheck(Section):
    """How the health of a service is asked, in place of what the compose file says."""

    test: tuple[Command, ...] = Field(
        description="The command and its arguments, run in the container; `[image]`: the check that the image brings."
    )
    interval: duration(1, 3600, "interval") = Field(  # type: ignore[valid-type]
        default=10, description="From one check to the next."
    )
    timeout: duration(1, 3600, "timeout") = Field(  # type: ignore[valid-type]
        default=10, description="One check may take so long."
    )
    retries: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=30, description="So many failures one after the other are ill health."
    )
    start_period: duration(0, 3600, "start_period") = Field(  # type: ignore[valid-type]
        default=60, description="Failures so soon after the start do not count."
    )

    @model_validator(mode="after")
    def _asks_something(self) -> Healthcheck:
        if not self.test:
            raise Invalid(
                "a command", [], "write [CMD-SHELL, ...] or the program and its arguments", key="test"
            )
        return self


def _healthcheck(value: Any) -> Any:
    """`image` and a command are short for `{test: ...}`."""
    if value == "image" or isinstance(value, list):
        return {"test": [value] if value == "image" else value}
    return value


HealthcheckSetting = Annotated[
    Healthcheck,
    BeforeValidator(_healthcheck, json_schema_input_type=Literal["image"] | list[str] | Healthcheck),
]


FactName = Literal[
    "connectorNetwork",
    "hostnames",
    "urls",
    "websocketUrls",
    "frontends",
    "accessIssuer",
    "region",
    "databaseHost",
    "databasePort",
    "databaseName",
    "databaseUser",
    "databasePassword",
    "databaseUrl",
]


class Fact(Section):
    """What the stack knows, for one variable of the app's."""

    of: tuple[FactName, ...] = Field(
        description="One fact, or several of the lists `hostnames`, `urls`, `websocketUrls`, `frontends` joined."
    )
    form: Literal["comma", "space", "json"] = Field(
        default="comma", description="How several values are written."
    )

    @model_validator(mode="after")
    def _joins_lists_alone(self) -> Fact:
        if not self.of:
            raise ValueError("at least one value")
        lists = {"hostnames", "urls", "websocketUrls", "frontends"}
        alone = sorted(set(self.of) - lists)
        if alone and (len(self.of) > 1 or self.form != "comma"):
            raise Invalid(
                problem=f"{alone[0]} is one value and cannot be joined with others",
                fix="give it a variable of its own, without `form`",
            )
        return self


def _fact(value: Any) -> Any:
    """`urls` and `[frontends, urls]` are short for `{of: [...]}`."""
    if isinstance(value, str):
        return {"of": (value,)}
    return {"of": value} if isinstance(value, list) else value


FactSetting = Annotated[Fact, BeforeValidator(_fact, json_schema_input_type=FactName | list[FactName] | Fact)]


class App(Section):
    """The Docker Compose app: its own file, and what it is given."""

    compose: RelativePath = Field(description="The app's own compose file; it is never edited.")
    files: dict[RelativePath, RelativePath] = Field(
        default={},
        description="Text files beside the compose file on the machine, each from a path of this project; one that begins with "
        "#! may be executed there.",
    )
    env: dict[VariableName, VariableValue] = Field(
        default={},
        description="Plain variables for the compose file (`${NAME}`) and for services with `env_file: .env`.",
    )
    secrets: tuple[VariableName, ...] = Field(
        default=(),
        description="Names of secret variables; values by `pulumi config set --secret --path 'drawbridge:secrets.NAME'`.",
    )
    generate: dict[VariableName, Generated] = Field(
        default={}, description="Secret variables that are made once."
    )
    facts: dict[VariableName, FactSetting] = Field(
        default={},
        description="Variables with what the stack knows: `connectorNetwork` (the proxy to trust), `hostnames`, `urls`, "
        "`websocketUrls`, `frontends`, `accessIssuer`, `region`, `databaseHost`, `databasePort`, `databaseName`, `databaseUser`, "
        "`databasePassword`, `databaseUrl`; several lists as `[frontends, websocketUrls]`.",
    )
    frontends: tuple[Origin, ...] = Field(
        default=(),
        description="Origins of front ends on other domains, which call this app; see `facts` and `crossSite`.",
    )
    once: tuple[str, ...] | None = Field(
        default=None,
        description="Services that run to their end before a release serves, one machine at a time (migrations); they must "
        "be idempotent. None named: those that others wait for with `service_completed_successfully`; `[]`: leave them "
        "to Compose.",
    )
    profiles: tuple[str, ...] = Field(
        default=(),
        description="Profiles of the compose file that are switched on; services of the others do not run.",
    )
    private: dict[str, tuple[str, ...]] = Field(
        default={},
        description="Services that only the services listed can reach, by a network of their own: `opa: [api]`.",
    )
    max_body_mb: Annotated[int, Field(ge=1, le=5000)] | None = Field(
        default=None,
        alias="maxBodyMB",
        description="The largest request body that the app counts on; checked against the plan and nginx's client_max_body_size.",
    )
    storage: tuple[str, ...] = Field(
        default=(), description="Volumes of the compose file that must outlive a machine (EFS)."
    )
    scratch: tuple[str, ...] = Field(
        default=(),
        description="Places that may be lost with each release: volumes of the compose file, and `SERVICE:/PLACE` for volumes "
        "without a name and folders of the machine. Every place that is written to is in `storage` or here.",
    )
    registries: tuple[Registry, ...] = Field(default=(), description="Private registries to log in to.")
    images: dict[str, Text] = Field(
        default={},
        description="Images in place of what the compose file says, by service: of a service that it builds, or a digest for a "
        "tag that moves.",
    )
    healthchecks: dict[str, HealthcheckSetting] = Field(
        default={},
        description="Healthchecks in place of what the compose file says, by service: a command such as `[CMD, curl, URL]`, or "
        "`image` for the one that the image brings.",
    )
    without: tuple[str, ...] = Field(
        default=(),
        description="Services of the compose file that are not started: a proxy, a tunnel, an updater of its own. Who waits "
        "for them does without.",
    )
    restart: tuple[str, ...] = Field(
        default=(), description="Services that are started again when they end (`restart: unless-stopped`)."
    )
    mounts: dict[str, str] = Field(
        default={},
        description="`SERVICE:/PLACE: VOLUME`: what the service writes there lies in this volume, whatever the compose file "
        "mounts there; the volume is made, and is named in `storage` or `scratch` as others are.",
    )
    environment: dict[str, dict[Text, VariableValue]] = Field(
        default={},
        description="Variables of single services in place of what the compose file says: `web: {BASE_URL: "
        "https://app.example.com, KEY: ${KEY}}`.",
    )
    allow: Allow = Field(default=Allow(), description="What is refused unless allowed here.")
