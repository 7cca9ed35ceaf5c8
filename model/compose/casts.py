"""Texts where Compose wants a number, a flag, a duration or a size: it reads `privileged: "yes"` as true.

The places are those of compose-go v2: `loader/interpolate.go`, and what `transform` and `types` make of a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import Finding, finding
from ..lines import step
from .interpolation import UNKNOWN

_TRUE, _FALSE = ("true", "y", "yes", "on"), ("false", "n", "no", "off")


def flag(text: str) -> bool:
    """A flag that is written as text. Raises ValueError."""
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def is_on(value: Any) -> bool:
    """Whether a flag is on, as it is written."""
    return value is True or (isinstance(value, str) and value.lower() in _TRUE)


def may_be_on(value: Any) -> bool:
    """Whether a flag is on as it is written, or something that is not known here decides it."""
    off = value is None or value is False or (isinstance(value, str) and value.lower() in ("", *_FALSE))
    return not off


def _whole(text: str) -> int:
    if not re.fullmatch(r"[-+]?[0-9]{1,19}", text):
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    if "_" in text or text != text.strip():
        raise ValueError(text)
    return float(text)


_LASTS = re.compile(r"-?(?:0|(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h|d|w))+|")
# As go-units' RAMInBytes reads them.
_HOLDS = re.compile(
    r"\+?(?:[0-9][0-9_]*\.?[0-9]*|\.[0-9]+)(?:e\+?[0-9]+)? *(?:[kmgtp](?:i?b)?|b)?", re.IGNORECASE
)


def _like(form: re.Pattern[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not form.fullmatch(text):
            raise ValueError(text)
        return text

    return read


_Cast = tuple[Callable[[str], Any], str]
_FLAG: _Cast = (flag, "true or false")
_WHOLE: _Cast = (_whole, "a whole number")
_NUMBER: _Cast = (_number, "a number")
_DURATION: _Cast = (_like(_LASTS), "a duration such as 1m30s")
_SIZE: _Cast = (_like(_HOLDS), "a size such as 512m")
_COUNT: _Cast = (lambda text: text if text == "all" else _whole(text), "`all` or a whole number")
_HOST: _Cast = (_like(re.compile(r"[^:=]+[:=].+", re.DOTALL)), "NAME=ADDRESS")

# `*` is any key, `[]` any item of a list.
_SERVICE: dict[str, _Cast] = {
    **dict.fromkeys(("cpu_percent", "cpus"), _NUMBER),
    **dict.fromkeys(
        [
            "cpu_count",
            "cpu_period",
            "cpu_quota",
            "cpu_rt_period",
            "cpu_rt_runtime",
            "cpu_shares",
            "oom_score_adj",
            "pids_limit",
            "scale",
        ],
        _WHOLE,
    ),
    **dict.fromkeys(["mem_limit", "mem_reservation", "memswap_limit", "mem_swappiness", "shm_size"], _SIZE),
    **dict.fromkeys(
        ["attach", "init", "oom_kill_disable", "privileged", "read_only", "stdin_open", "tty"], _FLAG
    ),
    "depends_on.*.required": _FLAG,
    "depends_on.*.restart": _FLAG,
    "deploy.replicas": _WHOLE,
    "deploy.update_config.parallelism": _WHOLE,
    "deploy.update_config.max_failure_ratio": _NUMBER,
    "deploy.rollback_config.parallelism": _WHOLE,
    "deploy.rollback_config.max_failure_ratio": _NUMBER,
    "deploy.restart_policy.max_attempts": _WHOLE,
    "deploy.placement.max_replicas_per_node": _WHOLE,
    "blkio_config.weight": _WHOLE,
    "build.shm_size": _SIZE,
    "deploy.resources.limits.cpus": _NUMBER,
    "deploy.resources.limits.memory": _SIZE,
    "deploy.resources.reservations.cpus": _NUMBER,
    "deploy.resources.reservations.devices.[].count": _COUNT,
    "deploy.resources.reservations.memory": _SIZE,
    **dict.fromkeys((f"deploy.restart_policy.{key}" for key in ("delay", "window")), _DURATION),
    **dict.fromkeys(
        (f"deploy.{how}_config.{key}" for how in ("update", "rollback") for key in ("delay", "monitor")),
        _DURATION,
    ),
    "extra_hosts.[]": _HOST,
    **dict.fromkeys(
        (f"healthcheck.{key}" for key in ("interval", "timeout", "start_period", "start_interval")), _DURATION
    ),
    "healthcheck.retries": _WHOLE,
    "healthcheck.disable": _FLAG,
    "ports.[].target": _WHOLE,
    "stop_grace_period": _DURATION,
    "ulimits.*": _WHOLE,
    "ulimits.*.hard": _WHOLE,
    "ulimits.*.soft": _WHOLE,
    "volumes.[].read_only": _FLAG,
    "volumes.[].tmpfs.size": _SIZE,
    "volumes.[].volume.nocopy": _FLAG,
}
_PLACES: dict[tuple[str, ...], _Cast] = {
    **{("services", "*", *place.split(".")): cast for place, cast in _SERVICE.items()},
    **{
        ("networks", "*", key): _FLAG
        for key in ("external", "internal", "attachable", "enable_ipv4", "enable_ipv6")
    },
    **{(section, "*", "external"): _FLAG for section in ("volumes", "secrets", "configs")},
}


def cast(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """An interpolated document with numbers and flags in those places, and the texts that are not what belongs there."""
    found: list[Finding] = []
    whole = dict(document)
    for place, how in _PLACES.items():
        if isinstance(whole.get(place[0]), dict):
            whole[place[0]] = _cast(whole[place[0]], place[1:], how, place[0], found)
    return whole, found


def _cast(value: Any, place: tuple[str, ...], how: _Cast, path: str, found: list[Finding]) -> Any:
    if not place:
        return _one(value, how, path, found)
    key, rest = place[0], place[1:]
    if key == "[]":
        if not isinstance(value, list):
            return value
        return [_cast(item, rest, how, f"{path}[{position}]", found) for position, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    return {
        name: _cast(inner, rest, how, step(path, str(name)), found) if key in ("*", name) else inner
        for name, inner in value.items()
    }


def _one(value: Any, how: _Cast, path: str, found: list[Finding]) -> Any:
    if not isinstance(value, str) or UNKNOWN in value:
        return value
    read, called = how
    try:
        return read(value)
    except ValueError:
        found.append(finding(path, called, value))
        return value
