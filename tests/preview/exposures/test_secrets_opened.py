"""Secrets made plain: a mark that is lost, a value that stands elsewhere, a machine that is told it in the open."""

from __future__ import annotations

import json
from typing import Any

import pytest

from preview.resources import Evaluation, Secret
from tests.preview.opened import between, machine, opens
from tests.preview.programs import program, resource

PARAMETER = "aws:ssm/parameter:Parameter"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
PASSWORD = "random:index/randomPassword:RandomPassword"
VALUE = "hunter2-hunter2"


def parameter(value: Any = None, kind: str = "SecureString", **inputs: Any) -> Any:
    return resource(
        PARAMETER,
        "p",
        {"name": "/p", "type": kind, "value": Secret(VALUE) if value is None else value, **inputs},
    )


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            parameter(),
            parameter(kind="String"),
            "p: the parameter is a String: it is kept in plain text (before: a SecureString)",
        ),
        (
            parameter(),
            parameter(kind="StringList"),
            "p: the parameter is a StringList: it is kept in plain text (before: a SecureString)",
        ),
        (parameter(), parameter("something else"), "p: a value that was secret with Pulumi is plain (value)"),
        (
            parameter(),
            parameter(f"prefix-{VALUE}"),
            "p: a value that was secret with Pulumi is plain (value)",
        ),
        (
            parameter(),
            parameter(description=f"It is {VALUE}"),
            "p: a value that was secret with Pulumi is plain (description)",
        ),
        (
            parameter(),
            parameter(tags={"note": VALUE}),
            "p: a value that was secret with Pulumi is plain (tags.note)",
        ),
    ],
)
def test_a_parameter_that_loses_its_secrecy_is_an_exposure(old: Any, new: Any, text: str) -> None:
    assert opens([old], [new]) == [("secret", "p", text)]
    assert opens([new], [new]) == opens([old], [old]) == opens([new], [old]) == []


def test_a_value_that_stays_secret_is_none_whatever_it_is() -> None:
    assert opens([parameter()], [parameter(Secret("another-value-1"))]) == []
    assert opens([parameter()], [parameter(Secret("«password.result»"))]) == []
    # A whole that was secret for one of its parts is taken apart: the part still is.
    whole, parts = (
        resource(LOGS, "logs", {"tags": tags})
        for tags in (Secret({"key": VALUE}), {"key": Secret(VALUE), "a": "b"})
    )
    assert opens([whole], [parts]) == []
    version = [resource(VERSION, "v", {"secretString": value}) for value in (Secret(VALUE), "plain-enough-1")]
    assert opens([version[0]], [version[1]]) == [
        ("secret", "v", "v: a value that was secret with Pulumi is plain (secretString)")
    ]
    assert opens([version[1]], [version[0]]) == []


def test_a_secret_that_turns_up_in_another_resource_is_an_exposure_of_that_one() -> None:
    logs, other = (resource(LOGS, "logs", {"tags": {"why": text}}) for text in ("x", f"key={VALUE}"))
    assert opens([parameter(), logs], [parameter(), other]) == [
        ("secret", "logs", "logs: a value that was secret with Pulumi is plain (tags.why)")
    ]
    assert opens([parameter()], [parameter(), other]) == opens([parameter(), logs], [parameter(), other])


def test_an_output_that_is_secret_with_the_engine_is_so_wherever_it_stands() -> None:
    password = resource(PASSWORD, "password", {"length": 20}, additionalSecretOutputs=["result"])
    logs = resource(LOGS, "logs", {"tags": {"why": "«password.result»"}})
    assert opens([password], [password, logs]) == [
        ("secret", "logs", "logs: a value that was secret with Pulumi is plain (tags.why)")
    ]
    dropped = resource(PASSWORD, "password", {"length": 20})
    assert opens([password], [dropped]) == [
        ("secret", "password", "password: outputs are no longer secret: result")
    ]
    assert opens([dropped], [password]) == []


def outputs(**given: Any) -> Evaluation:
    return program(parameter(), outputs=given)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ({"url": Secret("postgres://a:b@c/d")}, {"url": "postgres://x"}, "url"),
        ({}, {"key": VALUE}, "key"),
        ({"all": {"key": Secret("s-s-s-s-s-s")}}, {"all": {"key": "another"}}, "all.key"),
        ({}, {"dsn": f"redis://:{VALUE}@cache"}, "dsn"),
    ],
)
def test_a_secret_in_an_output_is_an_exposure(old: Any, new: Any, place: str) -> None:
    text = f"outputs: a value that was secret with Pulumi is plain ({place})"
    assert between(outputs(**old), outputs(**new)) == [("secret", "outputs", text)]
    assert between(outputs(**new), outputs(**new)) == between(outputs(**new), outputs(**old)) == []


def test_secrets_that_come_into_user_data_are_an_exposure_and_one_more_of_them_is_none() -> None:
    def version(**secrets: str) -> Any:
        return machine(files={"/etc/drawbridge/secrets.json": ("0600", json.dumps(secrets))})

    text = "host-template: the secrets come in user data: whoever may read the launch template reads them"
    assert opens([machine()], [version(A="x")]) == [("secret", "host-template", text)]
    assert opens([version(A="x")], [version(A="x", B="y")]) == opens([version(A="x")], [machine()]) == []


@pytest.mark.parametrize("delivery", ["cloud-init", "parameter-store"])
def test_a_secret_that_becomes_a_plain_variable_is_an_exposure(delivery: str) -> None:
    def version(secret: bool, **env: str) -> Any:
        names = {"API_KEY": "/p:1", "OTHER": "/o:1"} if secret else {"OTHER": "/o:1"}
        if delivery == "parameter-store":
            return machine(facts={"env": env, "parameters": names})
        return machine(
            facts={"env": env}, files={"/etc/drawbridge/secrets.json": ("0600", json.dumps(names))}
        )

    assert opens([version(True)], [version(False, API_KEY="none")]) == [
        ("secret", "API_KEY", "API_KEY: it came to the app as a secret, and is plain in its environment")
    ]
    assert (
        opens([version(True)], [version(False)])
        == opens([version(False, API_KEY="x")], [version(True)])
        == []
    )


def test_a_short_text_and_one_that_was_plain_before_are_none() -> None:
    short = resource(PARAMETER, "p", {"type": "SecureString", "value": Secret("on")})
    assert opens([short], [short, resource(LOGS, "logs", {"tags": {"a": "on"}})]) == []
    logs = resource(LOGS, "logs", {"tags": {"why": VALUE}})
    assert opens([parameter(), logs], [parameter(tier="Standard"), logs]) == []
