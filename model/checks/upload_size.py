"""Whether the plan, and nginx, let the app's request bodies through."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import Finding, finding
from ..limits import PLANS, Plan

# A pattern that begins with \s* would be tried from each of a thousand blank lines to the last of them.
_NGINX = re.compile(r"^[ \t]*(?:server|location\b[^{\n]*)(?<!\s)\s*\{", re.MULTILINE)


_DIRECTIVE = re.compile(r"^[ \t]*client_max_body_size\s+(\d+)([kKmMgG]?)\s*;", re.MULTILINE)


_UNITS = {"": 2**20, "k": 2**10, "m": 1, "g": 1 / 2**10}


DEFAULT_MB = 1.0
"""nginx refuses larger bodies unless told otherwise: https://nginx.org/en/docs/http/ngx_http_core_module.html"""


def nginx_limits(text: str) -> list[float] | None:
    """MB of each `client_max_body_size` in an nginx file (0 becomes infinity); None if it is no nginx file."""
    if not _NGINX.search(text):
        return None
    return [int(n) / _UNITS[unit.lower()] if int(n) else float("inf") for n, unit in _DIRECTIVE.findall(text)]


def check(declared: int | None, files: Mapping[str, str], plan: Plan) -> tuple[list[Finding], list[str]]:
    """``declared`` is `app.maxBodyMB`. A limit of nginx above the plan's misleads (a warning); one below what the app says
    it takes breaks it (an error)."""
    allowed = PLANS[plan].body_mb
    found: list[Finding] = []
    warnings: list[str] = []
    if declared is not None and declared > allowed:
        wider = next(
            (
                f"; {name} lets {limits.body_mb} MB through"
                for name, limits in PLANS.items()
                if limits.body_mb >= declared
            ),
            "",
        )
        found.append(
            finding(
                "app.maxBodyMB",
                f"at most {allowed}, the MB of a request body on the {plan} plan",
                declared,
                f"upload in parts of at most {allowed} MB, or straight to object storage{wider}",
            )
        )
    nginx = {path: limits for path, text in files.items() if (limits := nginx_limits(text)) is not None}
    for path, limits in sorted(nginx.items()):
        if limits and max(limits) > allowed:
            size = "without limit" if max(limits) == float("inf") else f"of {max(limits):g} MB"
            warnings.append(
                f"{path}: nginx would take bodies {size}, but the {plan} plan ends them at {allowed} MB (status 413): larger "
                "uploads go in parts"
            )
    largest = max((max(limits, default=DEFAULT_MB) for limits in nginx.values()), default=float("inf"))
    if declared is not None and largest < declared <= allowed:
        found.append(
            finding(
                "app.maxBodyMB",
                f"at most {largest:g}, the client_max_body_size of nginx in app.files (1m by default)",
                declared,
                f"write `client_max_body_size {declared}m;` in {', '.join(sorted(nginx))}",
            )
        )
    return found, warnings
