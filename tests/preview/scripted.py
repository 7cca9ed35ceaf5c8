"""Scripted changes to the example stacks, each with the verdict that it must get.

A change edits the `config:` mapping of an example's stack file. `verdict` is the consequence of the whole; `changed` names
resources with action, consequence and the inputs that replace them; `opens` are the exposures' kinds and subjects.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from conftest import deployed

from preview.analysis.verdict import compare
from preview.changes import Comparison, Consequence

Config = dict[str, Any]
IMAGE2MODEL, MAYCAST = "image2model", "maycast-recorder"


@functools.cache
def large_change() -> Comparison:
    """A stack that is opened, released and loses a hostname."""
    return compare(
        deployed("image2model"),
        deployed(
            "image2model",
            host={"instanceType": "t3.large", "diskGiB": 40, "replicas": 2},
            routes=[{"hostname": "models.example.com", "service": "http://nginx:80", "access": "public"}],
        ),
    )


def unchanged(config: Config) -> None:
    """The example as it is."""


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """``program``: (file, text, other text) of a change to the program itself. ``engine``: the real engine's preview must agree."""

    name: str
    edit: Callable[[Config], None]
    base: Callable[[Config], None] = unchanged
    verdict: Consequence
    example: str = IMAGE2MODEL
    changed: tuple[tuple[str, str, Consequence, tuple[str, ...]], ...] = ()
    opens: tuple[tuple[str, str], ...] = ()
    program: tuple[str, str, str] | None = None
    engine: bool = False

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


def put(path: str, value: Any) -> Callable[[Config], None]:
    """Set a place such as `host/instanceType`; None removes it."""
    section, *steps = path.split("/")

    def edit(config: Config) -> None:
        keys: list[Any] = [
            f"drawbridge:{section}",
            *(int(step) if step.isdigit() else step for step in steps),
        ]
        place: Any = config
        for key in keys[:-1]:
            place = place[key] if isinstance(place, list) else place.setdefault(key, {})
        if value is None:
            del place[keys[-1]]
        else:
            place[keys[-1]] = value

    return edit


def add_route(**route: Any) -> Callable[[Config], None]:
    return lambda config: config["drawbridge:routes"].append({"service": "http://nginx:80", **route})


def not_there(hostname: str) -> Callable[[Config], None]:
    """The admin API stays away from a further host of its service."""
    return add_route(hostname=hostname, path="/api/v1/admin/*", service="http_status:404", access="public")


def both(*edits: Callable[[Config], None]) -> Callable[[Config], None]:
    def edit(config: Config) -> None:
        for one in edits:
            one(config)

    return edit


def region(name: str) -> Callable[[Config], None]:
    return lambda config: config.update({"aws:region": name})


IN_PLACE, ROLLING, DOWNTIME, LOSS = (
    Consequence.IN_PLACE,
    Consequence.ROLLING,
    Consequence.DOWNTIME,
    Consequence.DATA_LOSS,
)
NONE, REFUSED = Consequence.NONE, Consequence.REFUSED
GROUP = ("host-group", "rolling", ROLLING, ("launchTemplate",))
TEMPLATE = ("host-template", "updated", IN_PLACE, ())

SCRIPTED: tuple[Scripted, ...] = (
    # What nobody notices
    Scripted(name="a comment's worth of nothing", edit=put("host/bootTimeout", "15m"), verdict=NONE),
    Scripted(
        name="one more machine",
        edit=put("host/replicas", 2),
        verdict=IN_PLACE,
        changed=(("host-group", "updated", IN_PLACE, ()), ("alerts-machines", "updated", IN_PLACE, ())),
    ),
    Scripted(
        name="a larger database disk",
        edit=put("database/storageGiB", 40),
        verdict=IN_PLACE,
        changed=(("database-postgres", "updated", IN_PLACE, ()),),
    ),
    Scripted(
        name="a standby database",
        edit=put("database/multiAz", True),
        verdict=IN_PLACE,
        changed=(("database-postgres", "updated", IN_PLACE, ()),),
    ),
    Scripted(
        name="a tighter rate limit",
        edit=put("firewall/rateLimits/0/requests", 5),
        verdict=IN_PLACE,
        changed=(("firewall-limits", "updated", IN_PLACE, ()),),
    ),
    Scripted(
        name="a shorter session",
        edit=put("access/users/session", "12h"),
        verdict=IN_PLACE,
        changed=(
            ("access-policy-users", "updated", IN_PLACE, ()),
            ("access-app-models-example-com-users", "updated", IN_PLACE, ()),
        ),
    ),
    # Releases
    Scripted(
        name="a new image", edit=put("app/env/RELEASE", "v2.4.0"), verdict=ROLLING, changed=(GROUP, TEMPLATE)
    ),
    Scripted(
        name="a larger machine",
        edit=put("host/instanceType", "t3.large"),
        verdict=ROLLING,
        changed=(GROUP, TEMPLATE),
        engine=True,
    ),
    Scripted(
        name="a smaller machine disk",
        edit=put("host/diskGiB", 20),
        verdict=ROLLING,
        changed=(GROUP, TEMPLATE),
    ),
    Scripted(
        name="the tunnel's secret is rotated",
        edit=put("tunnel/rotation", "2"),
        verdict=ROLLING,
        changed=(
            ("tunnel-secret", "replaced", IN_PLACE, ("keepers",)),
            ("tunnel-tunnel", "updated", ROLLING, ()),
            ("parameters-TUNNEL_TOKEN", "updated", IN_PLACE, ()),
            GROUP,
            TEMPLATE,
        ),
    ),
    Scripted(
        name="a generated secret is rotated",
        edit=put("app/generate/API_KEY/rotation", "2"),
        verdict=ROLLING,
        changed=(
            ("secrets-API_KEY", "replaced", ROLLING, ("keepers",)),
            ("parameters-API_KEY", "updated", IN_PLACE, ()),
            GROUP,
        ),
    ),
    Scripted(
        name="secrets come by cloud-init",
        edit=put("secretDelivery", "cloud-init"),
        verdict=ROLLING,
        changed=(GROUP, TEMPLATE),
        opens=(("secret", "host-template"),),
        engine=True,
    ),
    # Downtime
    Scripted(
        name="a host is renamed",
        edit=both(put("routes/0/hostname", "m3d.example.com"), put("routes/1/hostname", "m3d.example.com")),
        verdict=DOWNTIME,
        changed=(
            ("tunnel-dns-models.example.com", "deleted", DOWNTIME, ()),
            ("tunnel-dns-m3d.example.com", "created", NONE, ()),
            ("tunnel-ingress", "updated", DOWNTIME, ()),
        ),
        opens=(("reachable", "m3d.example.com"),),
        engine=True,
    ),
    Scripted(
        name="a route is removed",
        edit=put("routes/2", None),
        verdict=DOWNTIME,
        changed=(
            ("tunnel-dns-admin.example.com", "deleted", DOWNTIME, ()),
            ("tunnel-ingress", "updated", DOWNTIME, ()),
        ),
    ),
    Scripted(
        name="a path moves",
        edit=both(put("routes/1/path", "/api/v2/admin/*"), put("routes/2/path", "/api/v2/admin/*")),
        verdict=DOWNTIME,
        changed=(("tunnel-ingress", "updated", DOWNTIME, ()),),
        opens=(
            ("reachable", "admin.example.com/api/v2/admin"),
            ("reachable", "models.example.com/api/v1/admin"),
        ),
        engine=True,
    ),
    Scripted(
        name="another database class",
        edit=put("database/instanceClass", "db.t4g.small"),
        verdict=DOWNTIME,
        changed=(("database-postgres", "updated", DOWNTIME, ()),),
    ),
    Scripted(
        name="a newer PostgreSQL",
        edit=put("database/version", "17"),
        verdict=DOWNTIME,
        changed=(
            ("database-postgres", "updated", DOWNTIME, ()),
            ("database-postgres16", "deleted", IN_PLACE, ()),
        ),
    ),
    Scripted(
        name="no readiness",
        edit=both(put("host/readiness", "running"), put("app/env/RELEASE", "v2.4.0")),
        verdict=DOWNTIME,
        changed=(("host-group", "rolling", DOWNTIME, ("launchTemplate",)),),
    ),
    # What the clouds refuse
    Scripted(
        name="a smaller database disk",
        base=put("database/storageGiB", 40),
        edit=put("database/storageGiB", 20),
        verdict=REFUSED,
        changed=(("database-postgres", "updated", REFUSED, ()),),
    ),
    # Data loss
    Scripted(
        name="no database",
        edit=both(put("database", None), put("app/env/DATABASE_URL", "postgresql://elsewhere")),
        verdict=LOSS,
        changed=(("database-postgres", "deleted", LOSS, ()),),
        opens=(("secret", "DATABASE_URL"),),
        engine=True,
    ),
    Scripted(
        name="another region",
        edit=region("eu-west-1"),
        verdict=LOSS,
        changed=(
            ("database-postgres", "replaced", LOSS, ("region",)),
            ("storage-files", "replaced", LOSS, ("region",)),
        ),
    ),
    Scripted(
        name="another database name",
        edit=put("database/name", "models"),
        verdict=LOSS,
        changed=(("host-group", "rolling", LOSS, ("launchTemplate",)),),
    ),
    Scripted(
        name="a volume leaves storage",
        edit=put("app/storage", None),
        verdict=LOSS,
        changed=(
            ("storage-files", "deleted", LOSS, ()),
            ("host-group", "rolling", LOSS, ("launchTemplate",)),
        ),
        engine=True,
    ),
    Scripted(
        name="a generated secret goes",
        edit=both(put("app/generate/ADMIN_API_KEY", None), put("app/env/ADMIN_API_KEY", "none")),
        verdict=LOSS,
        changed=(("secrets-ADMIN_API_KEY", "deleted", LOSS, ()),),
        opens=(("secret", "ADMIN_API_KEY"),),
        engine=True,
    ),
    Scripted(
        name="a generated secret gets longer",
        edit=put("app/generate/API_KEY/bytes", 32),
        verdict=LOSS,
        changed=(("secrets-API_KEY", "replaced", LOSS, ("length",)),),
        engine=True,
    ),
    Scripted(
        name="fewer days of backups",
        edit=put("database/backupDays", 1),
        verdict=LOSS,
        changed=(("database-postgres", "updated", LOSS, ()),),
        engine=True,
    ),
    Scripted(
        name="shorter logs",
        edit=put("host/logDays", 7),
        verdict=LOSS,
        changed=(("host-logs", "updated", LOSS, ()),),
        engine=True,
    ),
    Scripted(
        name="encryption is flipped",
        edit=put("protect", "true"),
        verdict=LOSS,
        program=("components/database.py", "storage_encrypted=True", "storage_encrypted=False"),
        changed=(("database-postgres", "replaced", LOSS, ("storageEncrypted",)),),
        opens=(("address", "database-postgres"),),
        engine=True,
    ),
    # Exposure
    Scripted(
        name="a wider login",
        edit=put("access/users/allow/domains", ["example.com", "example.org"]),
        verdict=IN_PLACE,
        changed=(("access-policy-users", "updated", IN_PLACE, ()),),
        opens=(("login loosened", "access-policy-users"),),
        engine=True,
    ),
    Scripted(
        name="no second factor",
        edit=put("access/admins/mfa", False),
        verdict=IN_PLACE,
        opens=(("login loosened", "access-policy-admins"),),
        engine=True,
    ),
    Scripted(
        name="a longer session",
        edit=put("access/users/session", "7d"),
        verdict=IN_PLACE,
        opens=(("login loosened", "access-policy-users"),),
        engine=True,
    ),
    Scripted(
        name="a login becomes public",
        edit=put("routes/0/access", "public"),
        verdict=IN_PLACE,
        opens=(("login loosened", "models.example.com"),),
        engine=True,
    ),
    Scripted(
        name="admins become users",
        edit=put("routes/2/access", "users"),
        verdict=IN_PLACE,
        opens=(("login loosened", "admin.example.com/api/v1/admin"),),
        engine=True,
    ),
    Scripted(
        name="a public path beside a login",
        edit=add_route(hostname="models.example.com", path="/hooks/*", access="public"),
        verdict=IN_PLACE,
        opens=(("login loosened", "models.example.com/hooks"),),
        engine=True,
    ),
    Scripted(
        name="a protected path becomes public with its host",
        edit=put("routes/1", None),
        example=MAYCAST,
        verdict=IN_PLACE,
        opens=(("login loosened", "rec.example.com/admin"),),
        engine=True,
    ),
    Scripted(
        name="a new host",
        edit=both(add_route(hostname="new.example.com", access="public"), not_there("new.example.com")),
        verdict=IN_PLACE,
        changed=(("tunnel-dns-new.example.com", "created", NONE, ()),),
        opens=(("reachable", "new.example.com"),),
        engine=True,
    ),
    Scripted(
        name="the catch-all is dropped",
        edit=put("protect", "true"),
        verdict=IN_PLACE,
        program=("components/tunnel.py", '{"service": CATCH_ALL},', '{"service": "http://nginx:80"},'),
        opens=(("reachable", "catch-all"),),
        engine=True,
    ),
    Scripted(
        name="the connector no longer checks",
        edit=put("protect", "true"),
        verdict=IN_PLACE,
        program=("components/tunnel.py", "if rule.application:", "if False:"),
        opens=(("check dropped", "admin.example.com/api/v1/admin"), ("check dropped", "models.example.com")),
        engine=True,
    ),
    Scripted(
        name="a rate limit goes",
        edit=put("firewall/rateLimits", None),
        verdict=IN_PLACE,
        opens=(("rule weakened", "firewall-uploads"),),
        engine=True,
    ),
    Scripted(
        name="a looser rate limit",
        edit=put("firewall/rateLimits/0/requests", 1000),
        verdict=IN_PLACE,
        opens=(("rule weakened", "firewall-uploads"),),
        engine=True,
    ),
    Scripted(
        name="no managed rules",
        edit=put("firewall/managed", False),
        verdict=IN_PLACE,
        opens=(("rule weakened", "firewall-managed"), ("rule weakened", "firewall-owasp")),
        engine=True,
    ),
    Scripted(
        name="older TLS",
        base=put("firewall/zone/minTls", "1.3"),
        edit=put("firewall/zone/minTls", "1.2"),
        verdict=IN_PLACE,
        opens=(("rule weakened", "firewall-min-tls-version"),),
        engine=True,
    ),
    Scripted(
        name="one more way out",
        edit=put("network/egress", [{"port": 25, "protocol": "tcp", "cidr": "0.0.0.0/0", "why": "Mail"}]),
        verdict=NONE,
        opens=(("egress", "network-egress-tcp-25-0.0.0.0-0"),),
        engine=True,
    ),
    Scripted(
        name="a port from anywhere",
        edit=put("protect", "true"),
        verdict=NONE,
        program=(
            "components/network.py",
            "        self.machine_group_ids: list[pulumi.Input[str]] = [self.workload_group.id]\n",
            "        self.machine_group_ids: list[pulumi.Input[str]] = [self.workload_group.id]\n"
            '        aws.vpc.SecurityGroupIngressRule(f"{name}-web", security_group_id=self.workload_group.id, cidr_ipv4=ANYWHERE,\n'
            '            ip_protocol="tcp", from_port=80, to_port=80, opts=self._child)\n',
        ),
        opens=(("port", "network-web"),),
        engine=True,
    ),
    Scripted(
        name="containers reach the credentials",
        edit=put("protect", "true"),
        verdict=ROLLING,
        program=(
            "components/host.py",
            '"http_put_response_hop_limit": 1',
            '"http_put_response_hop_limit": 2',
        ),
        opens=(("address", "host-template"),),
        engine=True,
    ),
    Scripted(
        name="the machines may do more",
        edit=put("protect", "true"),
        verdict=IN_PLACE,
        program=(
            "components/host.py",
            '"Action": "ec2:CreateTags"',
            '"Action": ["ec2:CreateTags", "ec2:RunInstances"]',
        ),
        opens=(("permission", "host-policy"),),
        engine=True,
    ),
)
