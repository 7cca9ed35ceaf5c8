"""AWS's API, the reading half of it: botocore, loaded when the first question is asked."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

from preview.doctor.answers import Unasked

READING = re.compile(r"(Describe|Get|List|Simulate|Filter)[A-Z]\w+")
_NOT_READING = {"GetSessionToken", "GetFederationToken", "GetAuthorizationToken"}
"""They make credentials."""
_DENIED = re.compile(r"AccessDenied|Unauthorized|NotAuthorized|AuthFailure|OptInRequired|Forbidden")


class Aws:
    """The account that the environment's credentials lead to, in one region.

    Credentials, endpoints and proxies come as botocore reads them, so as for the AWS CLI: the environment, `~/.aws`, a role.
    """

    def __init__(self, region: str, profile: str | None = None) -> None:
        self.region = region
        self._profile = profile
        self._session: Any = None
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        """One answer. Raises Unasked, and ValueError for an operation that would change something."""
        if not READING.fullmatch(operation) or operation in _NOT_READING:
            raise ValueError(f"{service}:{operation} does not read")
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return dict(self._client(service)._make_api_call(operation, arguments))
        except ClientError as error:
            raise _unasked(service, operation, error.response) from None
        except BotoCoreError as error:
            raise Unasked(f"{service}:{operation}: {error}") from None

    def all(self, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
        """What all pages hold under ``key``. Raises Unasked."""
        found: list[Any] = []
        while True:
            page = self.call(service, operation, **arguments)
            found += page.get(key) or []
            name = next((name for name in ("NextToken", "Marker", "NextMarker") if page.get(name)), None)
            if name is None:
                return found
            arguments["Marker" if name != "NextToken" else name] = page[name]

    def _client(self, service: str) -> Any:
        from botocore.config import Config
        from botocore.session import Session

        with self._lock:  # neither a session nor the making of a client may be shared between threads
            if self._session is None:
                self._session = Session(profile=self._profile)
            if self._session.get_credentials() is None:
                raise Unasked("no AWS credentials here")
            if service not in self._clients:
                patience = Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=20)
                self._clients[service] = self._session.create_client(
                    service, region_name=self.region, config=patience
                )
            return self._clients[service]


def _unasked(service: str, operation: str, response: Mapping[str, Any]) -> Unasked:
    error = response.get("Error", {})
    code, status = str(error.get("Code", "")), response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    status = 403 if _DENIED.search(code) else status
    return Unasked(f"{service}:{operation}: {code}: {error.get('Message', '')}", status, code)
