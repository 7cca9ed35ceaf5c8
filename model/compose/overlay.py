"""The compose file that is merged over the app's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from ..settings import Tunnel
from .file import Compose

CONNECTOR = "cloudflared"


FILE = "compose.override.yaml"
"""Its name beside the app's compose file: Compose merges it unasked."""


PROJECT = "app"
"""The compose project on every machine. Compose reads it, and this file, when an operator types `docker compose` beside them."""


NETWORK = "drawbridge"
"""The network of the connector and the services behind routes."""


TOKEN_FILE = "/etc/drawbridge/tunnel-token"


CA_FILE = "/etc/drawbridge/rds-ca.pem"


STORAGE = "/srv/drawbridge/storage"


METRICS = "127.0.0.1:20241"


def ca_pool(file: str) -> str:
    """Where the connector finds one of the app's files with the certificates that sign a service's."""
    return f"/etc/cloudflared/ca/{file}"


def overlay(
    compose: Compose,
    *,
    tunnel: Tunnel,
    storage: Sequence[str],
    routed: Iterable[str],
    readers: Sequence[str],
    private: Mapping[str, Sequence[str]],
    once: Sequence[str] = (),
    ca_pools: Iterable[str] = (),
) -> str:
    """The compose file that is merged over the app's own: the connector, lasting volumes, the database's variables, networks.

    ``routed`` are the services behind routes: the connector starts when they are healthy (or, unchecked, started), so a
    machine takes no request before its app can serve it. It shares a network with these alone. ``readers`` are the services
    that use the database. ``private`` names services with the only ones that may reach them. ``once`` are started by the
    machine's boot, under a lock, and so not by `up`: each gets a profile, and who depends on it does without.
    ``ca_pools`` are the app's files that the connector reads.
    """
    targets = sorted(set(routed))
    connector: dict[str, Any] = {
        "image": tunnel.image,
        "command": ["tunnel", "run"],
        "restart": "unless-stopped",
        "environment": {
            "TUNNEL_TOKEN_FILE": "/etc/cloudflared/token",
            "TUNNEL_METRICS": METRICS,
            "TUNNEL_GRACE_PERIOD": f"{tunnel.grace}s",
            "TUNNEL_TRANSPORT_PROTOCOL": tunnel.protocol,
        },
        "volumes": [
            {"type": "bind", "source": TOKEN_FILE, "target": "/etc/cloudflared/token", "read_only": True},
            *(
                {"type": "bind", "source": f"./{file}", "target": ca_pool(file), "read_only": True}
                for file in sorted(set(ca_pools))
            ),
        ],
        # The image has no shell, and its health is one connection to the edge at least.
        "healthcheck": {
            "test": ["CMD", "cloudflared", "tunnel", "--metrics", METRICS, "ready"],
            "interval": "5s",
            "timeout": "5s",
            "retries": 12,
            "start_period": "60s",
        },
        # QUIC always waits the whole grace period; Docker's own 10 s would cut requests in flight.
        "stop_grace_period": f"{tunnel.grace + 5}s",
        "networks": [NETWORK],
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
    }
    if targets:
        connector["depends_on"] = {
            name: {"condition": "service_healthy" if compose.services[name].checked else "service_started"}
            for name in targets
        }
    services: dict[str, dict[str, Any]] = {CONNECTOR: connector}
    for name in readers:
        missing = sorted(DATABASE_VARIABLES.keys() - compose.services[name].environment)
        services.setdefault(name, {}).update(
            environment={key: DATABASE_VARIABLES[key] for key in missing},
            volumes=[{"type": "bind", "source": CA_FILE, "target": CA_FILE, "read_only": True}],
        )
    for name, networks in _joined_networks(compose, targets, private).items():
        services.setdefault(name, {})["networks"] = {network: {} for network in networks}
    for name in once:
        services.setdefault(name, {})["profiles"] = [f"once-{name}"]
    for name, service in compose.services.items():
        met = {
            earlier: {"condition": service.depends[earlier], "required": False}
            for earlier in once
            if earlier in service.depends
        }
        if met:
            services.setdefault(name, {})["depends_on"] = met
    for name, service in compose.services.items():
        if service.profiles and not service.off and name not in once:
            services.setdefault(name, {})["profiles"] = _Reset()
    document: dict[str, Any] = {"name": PROJECT, "services": services}
    document["networks"] = {NETWORK: {"ipam": {"config": [{"subnet": tunnel.subnet}]}}}
    document["networks"] |= {_private_network(name): {} for name in sorted(private)}
    if storage:
        document["volumes"] = {
            name: {
                "driver": "local",
                "driver_opts": {"type": "none", "o": "bind", "device": f"{STORAGE}/{name}"},
            }
            for name in storage
        }
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1000)


class _Reset:
    """`!reset`: what the app's file says here does not count."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(_Reset, lambda dumper, _: dumper.represent_sequence("!reset", []))


def _joined_networks(
    compose: Compose, targets: Sequence[str], private: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """The networks that the overlay adds to each service. One that names none in the compose file is on `default`, and stays
    there unless it is private: naming a network would take it off."""
    joins: dict[str, list[str]] = {name: [NETWORK] for name in targets}
    for name, callers in sorted(private.items()):
        for service in (name, *sorted(callers)):
            joins.setdefault(service, []).append(_private_network(name))
    return {
        name: (["default"] if not compose.services[name].networks and name not in private else []) + networks
        for name, networks in sorted(joins.items())
    }


def _private_network(service: str) -> str:
    return f"private-{service}"


# libpq, psycopg, asyncpg and SQLAlchemy read PG*; Node's TLS reads NODE_EXTRA_CA_CERTS.
DATABASE_VARIABLES: Mapping[str, str] = {
    "DATABASE_URL": "${DATABASE_URL}",
    "PGHOST": "${PGHOST}",
    "PGPORT": "${PGPORT}",
    "PGDATABASE": "${PGDATABASE}",
    "PGUSER": "${PGUSER}",
    "PGPASSWORD": "${PGPASSWORD}",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": CA_FILE,
    "NODE_EXTRA_CA_CERTS": CA_FILE,
}
