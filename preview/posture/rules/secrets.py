"""Secrets stay secret."""

from __future__ import annotations

import json
import re
from typing import Any

from preview.posture.compose import services
from preview.posture.program import Program
from preview.posture.read import holding, open_texts
from preview.posture.rule import Broken, rule
from preview.resource_types.type_names import INSTANCE, LAUNCH_TEMPLATE, PARAMETER
from preview.resources import Secret


@rule(
    id="secret-in-open",
    severity="critical",
    title="A secret stands in a plain input",
    promise="What is secret is secret everywhere",
    why="A secret in a plain input stands in state, in previews and in logs, for good.",
    fix="Keep it inside a Pulumi secret; see where it was unwrapped.",
)
def secret_in_open(program: Program) -> Broken:
    for resource in program.resources:
        for place in holding(resource.raw, program.secret):
            yield resource.name, place.removeprefix(".")
    for parameter in program.of(PARAMETER):
        value = parameter.raw.get("value")
        if (
            parameter.inputs.get("type") == "SecureString"
            and value is not None
            and not isinstance(value, Secret)
        ):
            yield parameter.name, "the value of a SecureString"


_CREDENTIAL = re.compile(
    r"(?P<AWS_access_key>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b)"
    r"|(?P<private_key>-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----)"
    r"|(?P<GitHub_token>\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{22,})"
    r"|(?P<Slack_token>\bxox[abprs]-[A-Za-z0-9-]{10,})"
    r"|(?P<Stripe_key>\b[sr]k_live_[A-Za-z0-9]{20,})"
    # base64 of a cloudflared token begins so: {"a":"
    r"|(?P<tunnel_token>\beyJhIjoi[A-Za-z0-9+/=]{40,})"
    r"|(?P<password_in_a_URL>\b[a-z][a-z0-9+]*://[^\s:/@«$\"']+:(?!\[secret\])[^\s:/@«$\"'{]{3,}@)"
)


@rule(
    id="secret-in-output",
    severity="critical",
    title="An output gives a secret away",
    promise="A secret leaves the stack as a secret output",
    why="A plain output is in the state, in every `up`'s log and on the screen of whoever lists outputs.",
    fix="Keep the output a Pulumi secret; see where it was unwrapped.",
)
def secret_in_output(program: Program) -> Broken:
    for name, value in program.outputs.items():
        for place in holding(value, program.secret):
            yield f"output {name}{place}", "plain text"


@rule(
    id="credential-in-text",
    severity="critical",
    title="A text contains a credential",
    promise="No credential is written into a text",
    why="What looks like a key in a file, a variable or a description is one, and is in version control too.",
    fix="Take it out, revoke it, and give its successor by `pulumi config set --secret`.",
)
def credential_in_text(program: Program) -> Broken:
    for resource in program.resources:
        for place, text in open_texts(resource.raw):
            for match in _CREDENTIAL.finditer(text):
                yield resource.name, f"{place.removeprefix('.')}: {str(match.lastgroup).replace('_', ' ')}"


_SECRET_NAME = re.compile(
    r"(^|_)(PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|(API|ACCESS|PRIVATE|SECRET|SIGNING)_?KEY)$",
    re.IGNORECASE,
)


def _looks_secret(name: str, value: Any) -> bool:
    """A secret's name with a value that is neither empty, a reference, a path nor a plain switch."""
    text = str(value if value is not None else "")
    plain = (
        not text or text.startswith(("$", "/", "«", "[secret]")) or text.lower() in ("true", "false", "none")
    )
    return bool(_SECRET_NAME.search(name)) and not plain and not text.isdigit()


@rule(
    id="secret-in-env",
    severity="medium",
    title="A variable with a secret's name has a plain value",
    promise="Variables with a secret's name have a secret's value",
    why="`app.env` and the compose file are plain: their values are in version control and in every preview.",
    fix="Name the variable in `app.secrets` or `app.generate`.",
)
def secret_in_env(program: Program) -> Broken:
    for template, file in program.files():
        if str(file.get("path")).endswith("/machine.json"):
            for variable, value in json.loads(file["content"]).get("env", {}).items():
                if _looks_secret(variable, value):
                    yield template, f"{variable} in app.env"
    for template, service, definition, _ in services(program):
        given = definition.get("environment") or {}
        pairs = (
            given.items() if isinstance(given, dict) else (str(item).partition("=")[::2] for item in given)
        )
        for variable, value in pairs:
            if _looks_secret(variable, value):
                yield template, f"{variable} of service {service} in the compose file"


@rule(
    id="parameter-plain",
    severity="high",
    title="A parameter that holds a secret is not a SecureString",
    promise="A secret parameter is a SecureString",
    why="A String parameter is stored and listed in the clear.",
    fix="`type: SecureString`.",
)
def parameter_plain(program: Program) -> Broken:
    for parameter in program.of(PARAMETER):
        name = str(parameter.inputs.get("name", parameter.name)).rpartition("/")[2]
        secret = isinstance(parameter.raw.get("value"), Secret) or _SECRET_NAME.search(name)
        if parameter.inputs.get("type") != "SecureString" and secret:
            yield parameter.name, f"type {parameter.inputs.get('type')}"


@rule(
    id="secret-file",
    severity="high",
    title="A file with secrets can be read by others than root",
    promise="Secrets on a machine are in files that root alone reads",
    why="Any other process of the machine could read them.",
    fix="Permissions 0600 for every file that holds one.",
)
def secret_file(program: Program) -> Broken:
    for template, file in program.files():
        mode = str(file.get("permissions", "0644"))
        if not mode.endswith("00") and (
            str(file.get("path")).endswith("/secrets.json") or holding(file.get("content"), program.secret)
        ):
            yield template, f"{file.get('path')} has mode {mode}"


@rule(
    id="user-data-secrets",
    severity="low",
    title="User data contains secrets",
    promise="User data holds no secrets",
    why="Whoever may describe launch templates in the account can read them.",
    fix="`drawbridge:secretDelivery: parameter-store`.",
)
def user_data_secrets(program: Program) -> Broken:
    for template in program.of(LAUNCH_TEMPLATE, INSTANCE):
        if isinstance(template.raw.get("userData"), Secret) or isinstance(
            template.raw.get("userDataBase64"), Secret
        ):
            yield template.name, "secrets are in user data"
