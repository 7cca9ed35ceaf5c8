"""What is a hostname: DNS's own limits, letter by letter."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from model.settings.base import Hostname

HOSTNAME = TypeAdapter(Hostname)


def of_length(length: int) -> str:
    """A name of that many letters, of labels of at most 63."""
    name = ".".join(["a" * 63, "b" * 63, "c" * 63])
    return f"{name}.{'d' * (length - len(name) - 1)}"


@pytest.mark.parametrize(
    "host",
    ["app.example.com", "*.example.com", "a-b_c.x.io", "a" * 63 + ".io", of_length(253), "xn--p1ai.io"],
)
def test_a_name_that_dns_takes_is_taken(host: str) -> None:
    assert HOSTNAME.validate_python(host) == host


@pytest.mark.parametrize(
    "host",
    [
        "example",
        "a." + "b" * 64,
        of_length(254),
        "App.example.com",
        "-a.io",
        "a-.io",
        "a..io",
        "a.io.",
        "a.*.io",
        "a b.io",
    ],
)
def test_a_name_that_dns_does_not_take_is_refused(host: str) -> None:
    with pytest.raises(ValidationError, match="a lower-case DNS name such as app.example.com"):
        HOSTNAME.validate_python(host)
