"""Random bytes in text form, made of a random text that the engine keeps secret wholly.

`RandomBytes` would be the plain way, but the provider makes the bytes themselves its resource's id, and ids stand in the
state, and wherever the CLI shows them, in plain text. A `RandomPassword`'s id is "none".
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Callable

ALPHABET = 62  # letters and digits: what `RandomPassword` draws from without special characters


def letters_for(octets: int) -> int:
    """How many letters and digits hold as much chance as that many bytes."""
    return math.ceil(8 * octets / math.log2(ALPHABET))


def written(text: str, count: int, encoding: str) -> str:
    """That many bytes, all decided by every letter of the random text (SHAKE256, FIPS 202), as `hex`, `base64` or `base64url`.

    A preview's placeholder stays as it is, so that it can be read, and followed to what it is used for.
    """
    return (
        text if text.startswith("«") else _ENCODINGS[encoding](hashlib.shake_256(text.encode()).digest(count))
    )


_ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda data: base64.b64encode(data).decode(),
    # in the alphabet that is safe in URLs and file names, without padding (RFC 4648, section 5)
    "base64url": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
}
