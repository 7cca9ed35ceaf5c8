"""What a stack's instances are, from its settings: plain data, known before any resource exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..compose import overlay, services
from ..limits import partition
from ..settings import Registry
from ..stack import TOKEN, Stack
from . import app_variables, database_variables

LAUNCH_HOOK = "ready"


TERMINATE_HOOK = "drain"


UNUSED = "unused"
"""The value of a variable that Compose asks for (`${NAME:?}`) on behalf of services that do not run."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a machine is, known before any resource exists. Times are seconds."""

    name: str
    region: str
    compose: str
    overlay: str
    files: Mapping[str, str]
    env: Mapping[str, str]
    secrets: tuple[str, ...]
    withheld: tuple[str, ...]
    once: tuple[str, ...]
    delivery: Literal["cloud-init", "parameter-store"]
    registries: tuple[Registry, ...]
    storage: tuple[str, ...]
    database: Mapping[str, Any] | None
    logs: Literal["cloudwatch", "journald"]
    boot_timeout: int
    stop_timeout: int
    launch_hook: str | None
    terminate_hook: str
    metrics: bool
    ca_url: str | None


def machine_of(stack: Stack) -> Machine:
    """The part of a machine that the stack file decides alone."""
    settings = stack.database
    readers = (
        services.database_services(stack.compose, settings, app_variables.aliases(stack.app))
        if settings
        else ()
    )
    once = services.run_once(stack.compose, stack.app)
    host = stack.host
    return Machine(
        name=stack.names.host.name,
        region=stack.region,
        compose=stack.compose_text,
        overlay=overlay.overlay(
            stack.compose,
            tunnel=stack.tunnel,
            storage=stack.app.storage,
            routed=stack.routed_services,
            readers=readers,
            private=stack.app.private,
            once=once,
            ca_pools=[
                origin.ca_pool
                for origin in (stack.tunnel.origin, *(route.origin for route in stack.routes))
                if origin.ca_pool
            ],
        ),
        files=stack.files,
        env={
            **dict.fromkeys(sorted(stack.compose.unneeded), UNUSED),
            **stack.app.env,
            **app_variables.plain(stack),
        },
        secrets=(*app_variables.secret_names(stack), TOKEN),
        withheld=services.login_only(stack.compose, stack.app),
        once=once,
        delivery=stack.secret_delivery,
        registries=stack.app.registries,
        storage=stack.app.storage,
        database={"name": settings.name, "role": settings.owner, "port": database_variables.PORT}
        if settings
        else None,
        logs=host.logs,
        boot_timeout=host.boot_timeout,
        stop_timeout=host.stop_timeout,
        launch_hook=LAUNCH_HOOK if host.readiness == "hook" else None,
        terminate_hook=TERMINATE_HOOK,
        metrics=stack.alerts is not None,
        ca_url=_bundle(stack.region) if settings else None,
    )


def _bundle(region: str) -> str:
    """The region's RDS certificates; the global bundle is twenty times as large. UsingWithRDS.SSL, AWS's own guide."""
    if partition(region) == "aws-cn":
        return f"https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/{region}/{region}-bundle.pem"
    host = (
        "truststore.pki.us-gov-west-1.rds.amazonaws.com"
        if partition(region) == "aws-us-gov"
        else "truststore.pki.rds.amazonaws.com"
    )
    return f"https://{host}/{region}/{region}-bundle.pem"
