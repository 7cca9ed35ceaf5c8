"""Containers' logs as CloudWatch keeps them: of all machines, those that are gone, too."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from operate.stack import Fault
from preview.doctor.aws import Aws

PAUSE = 2.0
"""Seconds between two looks when following."""
LATE = 30_000
"""Milliseconds that a line may come late: machines send theirs in batches, and CloudWatch does not keep them in order."""
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STREAM = re.compile(r"app-(?P<service>.+?)-(?:\d+|run-[0-9a-f]+)/(?P<container>[0-9a-f]+)")


@dataclass(frozen=True)
class Line:
    """One event; ``source`` is its service, or `boot` with the instance."""

    id: str
    time: int
    source: str
    text: str

    def __str__(self) -> str:
        moment = datetime.fromtimestamp(self.time / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{moment} {self.source} | {self.text}"


def moment(text: str, now: float) -> int:
    """`15m`, `2h`, `1d`, or a time in ISO 8601 (UTC unless it says otherwise), as milliseconds. Raises Fault."""
    if found := re.fullmatch(r"(\d{1,6})([smhd])", text):
        return int((now - int(found[1]) * _UNITS[found[2]]) * 1000)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise Fault(
            f"--since: expected 15m, 2h, 1d or a time such as 2026-11-27T08:00, found {text!r}"
        ) from None
    return int((given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp() * 1000)


def source(stream: str) -> str | None:
    """The service that a stream is of (`app-SERVICE-1/CONTAINER`), or `boot i-…`; None for any other."""
    if stream.startswith("boot/"):
        return stream.replace("/", " ")
    found = _STREAM.fullmatch(stream)
    return found["service"] if found else None


def lines(
    aws: Aws, group: str, *, since: int, service: str | None = None, boot: bool = False
) -> Iterator[Line]:
    """What came since then, in order. Raises Unasked."""
    prefix = "boot/" if boot else f"app-{service}-" if service else None
    more = {"logStreamNamePrefix": prefix} if prefix else {}
    found: list[Line] = []
    token: dict[str, str] = {}
    while True:
        page = aws.call("logs", "FilterLogEvents", logGroupName=group, startTime=since, **more, **token)
        for event in page.get("events") or ():
            named = source(str(event.get("logStreamName")))
            # A prefix of `app-api-` is one of `app-api-worker-1`, too.
            if named is None or (service and named != service):
                continue
            found.append(
                Line(
                    str(event["eventId"]), int(event["timestamp"]), named, str(event["message"]).rstrip("\n")
                )
            )
        if not page.get("nextToken"):
            break
        token = {"nextToken": str(page["nextToken"])}
    yield from sorted(found, key=lambda line: line.time)


def follow(
    aws: Aws,
    group: str,
    *,
    since: int,
    service: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Line]:
    """The same, and whatever comes, until whoever reads has enough."""
    seen: dict[str, int] = {}
    start = since
    while True:
        for line in lines(aws, group, since=start, service=service):
            if line.id not in seen:
                seen[line.id] = line.time
                yield line
        if seen:
            start = max(since, max(seen.values()) - LATE)
            seen = {name: at for name, at in seen.items() if at >= start}
        sleep(PAUSE)
