"""What a stack's machines are, from its settings."""

from __future__ import annotations

from . import compose, database, facts
from .limits import partition
from .stack import TOKEN, Stack
from .user_data import Machine

LAUNCH_HOOK = "ready"
TERMINATE_HOOK = "drain"


def machine_of(stack: Stack) -> Machine:
    """The part of a machine that the stack file decides alone."""
    settings = stack.database
    readers = compose.database_services(stack.compose, settings, facts.aliases(stack.app)) if settings else ()
    once = compose.run_once(stack.compose, stack.app)
    host = stack.host
    return Machine(
        name=f"{stack.name}-host",
        region=stack.region,
        compose=stack.compose_text,
        overlay=compose.overlay(
            stack.compose,
            tunnel=stack.tunnel,
            storage=stack.app.storage,
            routed=stack.routed_services,
            readers=readers,
            private=stack.app.private,
            once=once,
        ),
        files=stack.files,
        env={**stack.app.env, **facts.plain(stack)},
        secrets=(*stack.secret_names, TOKEN),
        withheld=compose.login_only(stack.compose, stack.app),
        once=once,
        delivery=stack.secret_delivery,
        registries=stack.app.registries,
        storage=stack.app.storage,
        database={"name": settings.name, "role": settings.owner, "port": database.PORT} if settings else None,
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
