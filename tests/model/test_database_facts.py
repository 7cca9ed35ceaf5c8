from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.machine import database_variables
from model.settings import Database


def settings(**more: str) -> Database:
    return Database.model_validate({"version": "17", "name": "app", **more})


@pytest.mark.parametrize(
    "scheme, query",
    [
        ("postgresql", "sslmode=verify-full&sslrootcert=/etc/drawbridge/rds-ca.pem"),
        ("postgres", "sslmode=verify-full&sslrootcert=/etc/drawbridge/rds-ca.pem"),
        ("postgresql+psycopg", "sslmode=verify-full&sslrootcert=/etc/drawbridge/rds-ca.pem"),
        ("postgresql+asyncpg", "ssl=verify-full"),
    ],
)
def test_every_driver_is_told_to_verify_in_its_own_words(scheme: str, query: str) -> None:
    assert (
        database_variables.url(settings(scheme=scheme, role="svc"), "db.rds.aws", "pw")
        == f"{scheme}://svc:pw@db.rds.aws:5432/app?{query}"
    )


@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1))
def test_any_password_survives_the_url(password: str) -> None:
    parts = urlsplit(database_variables.url(settings(), "db", password))
    assert unquote(parts.password or "") == password
    assert (parts.hostname, parts.port, parse_qs(parts.query)["sslmode"]) == ("db", 5432, ["verify-full"])


def test_a_parameter_with_awss_own_default_is_left_out() -> None:
    chosen = Database.model_validate(
        {
            "version": "17",
            "name": "app",
            "parameters": {"rds.force_ssl": "1", "log_min_duration_statement": "500"},
        }
    )
    assert database_variables.parameters(chosen) == {"log_min_duration_statement": "500"}
