"""GET and HEAD over HTTPS, and nothing else: the doctor changes nothing anywhere."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from preview.doctor.answers import Unasked

SECONDS = 20
MOST_BYTES = 16 * 1024 * 1024
AGENT = "drawbridge-doctor"


@dataclass(frozen=True)
class Reply:
    """``headers`` have lower-case names."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """The body's document; None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: where it leads is told, and a credential is not carried there."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


def ask(url: str, headers: Mapping[str, str] | None = None, method: Literal["GET", "HEAD"] = "GET") -> Reply:
    """The answer, whatever its status. Raises Unasked if there is none."""
    if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        raise Unasked(f"{url} is not https")
    request = urllib.request.Request(url, method=method, headers={"User-Agent": AGENT, **(headers or {})})
    place = urllib.parse.urlsplit(url).netloc
    try:
        with _OPENER.open(request, timeout=SECONDS) as answer:
            return _reply(answer.status, dict(answer.headers.items()), answer.read(MOST_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return _reply(error.code, dict(error.headers.items()), error.read(MOST_BYTES))
    except urllib.error.URLError as error:
        raise Unasked(f"{place} cannot be reached: {error.reason}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unasked(f"{place} cannot be reached: {error}") from None


def _reply(status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    return Reply(status, {name.lower(): value for name, value in headers.items()}, body)
