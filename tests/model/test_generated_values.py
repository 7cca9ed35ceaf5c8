"""Bytes made of a drawn text."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.generated_values import letters_for, written


@pytest.mark.parametrize(("size", "letters"), [(16, 22), (24, 33), (32, 43), (512, 688)])
def test_as_many_letters_as_hold_the_chance_of_the_bytes(size: int, letters: int) -> None:
    assert letters_for(size) == letters
    assert 62**letters >= 256**size > 62 ** (letters - 1)


@given(st.text("abcXYZ019", min_size=22, max_size=43), st.integers(16, 512))
def test_the_bytes_are_shake256_of_the_text_in_every_encoding(text: str, size: int) -> None:
    made = hashlib.shake_256(text.encode()).digest(size)
    assert bytes.fromhex(written(text, size, "hex")) == made
    assert base64.b64decode(written(text, size, "base64"), validate=True) == made
    url = written(text, size, "base64url")
    assert (base64.urlsafe_b64decode(url + "=" * (-len(url) % 4)), set(url) & set("+/=")) == (made, set())
    assert written(text + "x", size, "hex") != made.hex()


def test_a_previews_placeholder_stays_readable() -> None:
    assert (
        written("«drawbridge-prod-tunnel-secret.result»", 32, "base64")
        == "«drawbridge-prod-tunnel-secret.result»"
    )
