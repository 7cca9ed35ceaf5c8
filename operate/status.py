"""One screen: machines, services' health, database, alarms, connectors. What could not be asked is unknown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from model.naming import Names
from operate.machines import Machine, machines
from operate.stack import Fault, Stack
from preview.doctor.answers import Unasked
from preview.doctor.aws import Aws
from preview.doctor.cloudflare import Cloudflare

Mark = Literal["ok", "bad", "unknown"]


@dataclass(frozen=True)
class Part:
    """One line: what of, how it is, in words."""

    subject: str
    mark: Mark
    text: str


def exit_code(parts: Sequence[Part]) -> int:
    """2: something is wrong; 3: nothing that could be asked; 0: all is well."""
    marks = {part.mark for part in parts}
    return 2 if "bad" in marks else 3 if "unknown" in marks else 0


def text(parts: Sequence[Part]) -> str:
    width = max((len(part.subject) for part in parts), default=0)
    return "".join(f"{part.mark:8}{part.subject:{width}}  {part.text}\n" for part in parts)


def status(aws: Aws, cloudflare: Cloudflare, stack: Stack) -> list[Part]:
    """All of it. Nothing raises: what cannot be asked is a line of its own."""
    questions: tuple[tuple[str, Callable[[], Iterator[Part]]], ...] = (
        ("machines", lambda: _machines(aws, stack)),
        ("database", lambda: _database(aws, stack)),
        ("alarms", lambda: _alarms(aws, stack)),
        ("connectors", lambda: _connectors(cloudflare, stack)),
    )
    found: list[Part] = []
    for name, ask in questions:
        try:
            found.extend(ask())
        except (Unasked, Fault) as reason:
            found.append(Part(name, "bad" if isinstance(reason, Fault) else "unknown", str(reason)))
    return found


def _machines(aws: Aws, stack: Stack) -> Iterator[Part]:
    found = machines(aws, stack)
    if not any(machine.serves for machine in found):
        yield Part("machines", "bad", f"none of {len(found)} serves")
    for number, machine in enumerate(found, 1):
        yield Part(f"machine {number}", "ok" if machine.serves else "bad", _said(machine))


def _said(machine: Machine) -> str:
    since = f", since {machine.launched:%Y-%m-%d %H:%M}Z" if machine.launched else ""
    ready = "its stack is well" if machine.ready else "its stack has not said that it is well"
    return f"{machine.id} in {machine.zone}: {machine.state}, {machine.health}; {ready}; template {machine.version}{since}"


def _database(aws: Aws, stack: Stack) -> Iterator[Part]:
    host = stack.outputs.get("databaseHost")
    if not host:
        return
    identifier = str(host).partition(".")[0]
    for one in aws.all("rds", "DescribeDBInstances", "DBInstances"):
        if one.get("DBInstanceIdentifier") == identifier:
            state = str(one.get("DBInstanceStatus"))
            size = f"{one.get('Engine')} {one.get('EngineVersion')} on {one.get('DBInstanceClass')}"
            waits = ", ".join(sorted(one.get("PendingModifiedValues") or {}))
            yield Part(
                "database",
                "ok" if state in ("available", "backing-up") else "bad",
                f"{identifier}: {state}; {size}" + (f"; waiting to change: {waits}" if waits else ""),
            )
            return
    yield Part("database", "bad", f"RDS has no {identifier}")


def _alarms(aws: Aws, stack: Stack) -> Iterator[Part]:
    prefix = Names(stack.project, stack.name).prefix
    found = aws.all("cloudwatch", "DescribeAlarms", "MetricAlarms", AlarmNamePrefix=f"{prefix}-")
    for one in found:
        if one["StateValue"] == "ALARM":
            yield Part("alarm", "bad", f"{one['AlarmName']}: {one.get('StateReason', '')}")
    quiet = sum(one["StateValue"] == "OK" for one in found)
    silent = sum(one["StateValue"] == "INSUFFICIENT_DATA" for one in found)
    if found:
        text = f"{quiet} of {len(found)} are quiet" + (f", {silent} have no data" if silent else "")
        yield Part("alarms", "ok" if quiet + silent == len(found) else "bad", text)


def _connectors(cloudflare: Cloudflare, stack: Stack) -> Iterator[Part]:
    account, tunnel = str(stack.section("cloudflare").get("accountId")), stack.output("tunnelId")
    found = cloudflare.get(f"accounts/{account}/cfd_tunnel/{tunnel}/connections") or []
    yield Part("connectors", "ok" if found else "bad", f"{len(found)} hold the tunnel {tunnel}")


def as_json(parts: Sequence[Part]) -> str:
    """`{"exit", "parts": [{"subject", "mark", "text"}]}`."""
    listed = [{"subject": part.subject, "mark": part.mark, "text": part.text} for part in parts]
    return json.dumps({"exit": exit_code(parts), "parts": listed}, indent=2, ensure_ascii=False) + "\n"
