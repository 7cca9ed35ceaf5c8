"""The compose file that is merged over the app's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from ..settings import Tunnel
from . import normal
from .answers import Instead, Nothing
from .database_spellings import CA_FILE
from .file import Compose

CONNECTOR = "cloudflared"


FILE = "compose.override.yaml"
"""Its name beside the app's compose file: Compose merges it unasked."""


PROJECT = "app"
"""The compose project on every machine. Compose reads it, and this file, when an operator types `docker compose` beside them."""


NETWORK = "drawbridge"
"""The network of the connector and the services behind routes."""


TOKEN_FILE = "/etc/drawbridge/tunnel-token"


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
    services |= {name: dict(body) for name, body in compose.answers.services.items()}
    for name in readers:
        missing = sorted(DATABASE_VARIABLES.keys() - compose.services[name].environment)
        body = services.setdefault(name, {})
        body["environment"] = {
            **body.get("environment", {}),
            **{key: DATABASE_VARIABLES[key] for key in missing},
        }
        certificates = {"type": "bind", "source": CA_FILE, "target": CA_FILE, "read_only": True}
        body["volumes"] = [*body.get("volumes", ()), certificates]
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
            own = services.setdefault(name, {}).get("depends_on")
            rest = normal.depends_on(own.value) if isinstance(own, Instead) else {}
            services[name]["depends_on"] = Instead({**rest, **met}) if isinstance(own, Instead) else met
    for name, service in compose.services.items():
        if service.profiles and not service.off and name not in once:
            services.setdefault(name, {})["profiles"] = Nothing()
    document: dict[str, Any] = {"name": PROJECT, "services": services}
    document["networks"] = {NETWORK: {"ipam": {"config": [{"subnet": tunnel.subnet}]}}}
    document["networks"] |= {_private_network(name): {} for name in sorted(private)}
    volumes: dict[str, Any] = {
        name: {
            "driver": "local",
            "driver_opts": {"type": "none", "o": "bind", "device": f"{STORAGE}/{name}"},
        }
        for name in storage
    }
    volumes |= {name: {} for name in compose.answers.volumes if name not in volumes}
    volumes |= {name: Nothing() for name in compose.answers.gone}
    if volumes:
        document["volumes"] = volumes
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1000)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _instead(dumper: _Dumper, item: Instead) -> yaml.Node:
    node = dumper.represent_data(item.value)
    node.tag = "!override"
    return node


_Dumper.add_representer(Nothing, lambda dumper, _: dumper.represent_sequence("!reset", []))
_Dumper.add_representer(Instead, _instead)


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
