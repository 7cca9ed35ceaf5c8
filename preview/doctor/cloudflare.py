"""Cloudflare's API, the reading half of it."""

from __future__ import annotations

import urllib.parse
from typing import Any

from preview.doctor.answers import Unasked
from preview.doctor.http import Reply, ask

API = "https://api.cloudflare.com/client/v4"
MOST_PAGES = 200


class Cloudflare:
    """``token``: an API token; None: every question is left unasked. ``address``: the API's, another for a double."""

    def __init__(self, token: str | None, address: str = API) -> None:
        self._token, self._address = token, address.rstrip("/")

    def get(self, path: str, **query: str) -> Any:
        """The `result`. Raises Unasked with Cloudflare's own text."""
        return self._document(path, query)["result"]

    def all(self, path: str, **query: str) -> list[Any]:
        """What all pages of a collection hold, whichever of Cloudflare's two ways of paging it uses. Raises Unasked."""
        found: list[Any] = []
        page: dict[str, str] = {"per_page": "50"}
        for number in range(2, MOST_PAGES):
            document = self._document(path, {**query, **page})
            results = document["result"] or []
            found += results
            info = document.get("result_info") or {}
            after = (info.get("cursors") or {}).get("after")
            if after:
                page["cursor"] = str(after)
                continue
            total = info.get("total_count")
            last = len(found) >= total if isinstance(total, int) else len(results) < int(page["per_page"])
            if last or not results:
                return found
            page["page"] = str(number)
        raise Unasked(f"{path}: more than {MOST_PAGES} pages")

    def _document(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        if not self._token:
            raise Unasked("no Cloudflare API token here")
        question = f"{self._address}/{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        reply = ask(question, {"Authorization": f"Bearer {self._token}"})
        document = reply.json()
        told = isinstance(document, dict) and document.get("success") is True and "result" in document
        if reply.status == 200 and told:
            return dict(document)
        raise _unasked(path, reply, document)


def _unasked(path: str, reply: Reply, document: Any) -> Unasked:
    errors = document.get("errors") if isinstance(document, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    code = str(first.get("code", ""))
    # 9109 and 10000 are "not for this token", whatever the HTTP status is.
    status = 403 if code in ("9109", "10000") else reply.status
    said = f"{code} {first.get('message', '')}".strip() or "no error text"
    return Unasked(f"Cloudflare: GET {path}: HTTP {reply.status}: {said}", status, code)
