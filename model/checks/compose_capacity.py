"""Whether a machine has what the compose file gives its services: time to stop, and memory."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .. import durations
from ..compose.file import Compose
from ..compose.interpolation import UNKNOWN
from ..compose.services import run_once
from ..errors import Finding
from ..lines import step
from ..machine import instance_memory
from ..settings import App, Host

_DOCKERS_OWN = 10.0
_SIZE = re.compile(r"\+?(?P<number>[0-9_]*\.?[0-9]*) *(?P<unit>[kmgtp]?)(i?b)?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def check(compose: Compose, app: App, host: Host, warnings: list[str]) -> list[Finding]:
    found = _stopping(compose, host, warnings)
    _memory(compose, app, host, warnings)
    return found


def _stopping(compose: Compose, host: Host, warnings: list[str]) -> list[Finding]:
    """systemd ends the stop of the stack after host.stopTimeout, and the group ends the machine soon after.

    Compose stops a service before those that it depends on, so the times of such a chain add up.
    """
    limit = durations.go_duration(host.stop_timeout)
    times = {name: _grace(service.body) for name, service in compose.running.items()}
    found = [
        compose.finding(
            f"{step('services', name)}.stop_grace_period",
            f"at most host.stopTimeout ({limit}), after which the machine ends it",
            compose.running[name].body["stop_grace_period"],
            "raise host.stopTimeout, or shorten this",
        )
        for name, time in times.items()
        if time > host.stop_timeout
    ]
    chain = max(
        (_chain(compose, times, name) for name in times), key=lambda c: _together(c, times), default=[]
    )
    if not found and _together(chain, times) > host.stop_timeout:
        warnings.append(
            f"{compose.place('services')}: {', '.join(chain)} stop one after the other and may take "
            f"{_together(chain, times):g} s together; after host.stopTimeout ({limit}) the machine ends those that are left: "
            "raise it"
        )
    return found


def _grace(body: Mapping[str, Any]) -> float:
    """Seconds until Docker kills a container that was asked to stop; 0 where a variable decides that is not known here."""
    text = body.get("stop_grace_period")
    if text is None:
        return _DOCKERS_OWN
    if UNKNOWN in str(text):
        return 0.0
    time = durations.read(str(text))
    return math.inf if time is None else time  # weeks, which Compose knows


def _together(chain: Sequence[str], times: Mapping[str, float]) -> float:
    return sum(times[name] for name in chain)


def _chain(compose: Compose, times: Mapping[str, float], name: str) -> list[str]:
    """A service and those that stop after it, by the way that takes the longest."""
    below = [_chain(compose, times, earlier) for earlier in compose.running[name].depends if earlier in times]
    return [name, *max(below, key=lambda chain: _together(chain, times), default=[])]


def _memory(compose: Compose, app: App, host: Host, warnings: list[str]) -> None:
    has = instance_memory.gib(host.instance_type)
    limits = {
        name: limit * _containers(service.body)
        for name, service in compose.running.items()
        if name not in run_once(compose, app) and (limit := _limit(service.body))
    }
    together = sum(limits.values()) / 1024**3
    if has is None or together <= has:
        return
    shown = ", ".join(f"{name} {limit / 1024**3:g}" for name, limit in limits.items())
    warnings.append(
        f"{compose.place('services')}: memory limits of {together:g} GiB together ({shown}) on a {host.instance_type}, "
        f"which has {has:g}: when they are used, the kernel ends containers at its choice; lower them, or take a larger "
        "host.instanceType"
    )


def _limit(body: Mapping[str, Any]) -> float | None:
    deploy = ((body.get("deploy") or {}).get("resources") or {}).get("limits") or {}
    return size(body.get("mem_limit") or deploy.get("memory"))


def _containers(body: Mapping[str, Any]) -> int:
    count = body.get("scale") or (body.get("deploy") or {}).get("replicas") or 1
    return count if isinstance(count, int) else 1


def size(text: Any) -> float | None:
    """Bytes of `512m`, `1.5gb` or a number, as Docker reads them (1024 to a step); None where it is not known here."""
    if text is None or UNKNOWN in str(text):
        return None
    found = _SIZE.fullmatch(str(text).strip())
    if not found or not found["number"].strip("._"):
        return None
    return float(found["number"].replace("_", "")) * 1024.0 ** _POWERS[found["unit"].lower()]
