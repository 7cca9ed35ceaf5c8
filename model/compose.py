"""The app's compose file: read, judged, and added to by an overlay. The file itself is never edited."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from . import go_yaml
from .errors import Finding, finding
from .settings import App, Database, Tunnel

CONNECTOR = "cloudflared"
NETWORK = "drawbridge"
"""The network of the connector and the services behind routes."""
TOKEN_FILE = "/etc/drawbridge/tunnel-token"
CA_FILE = "/etc/drawbridge/rds-ca.pem"
STORAGE = "/srv/drawbridge/storage"
METRICS = "127.0.0.1:20241"

# ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?message}, ${NAME:+other}, $NAME; $$ is a dollar.
_VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<operator>:?[-?+])(?P<rest>[^{}]*))?\})"
)


@dataclass(frozen=True, kw_only=True)
class Service:
    """What we need to know of one service. `fixed` are those of `environment` whose values name no variable."""

    name: str
    image: str | None
    built: bool
    checked: bool
    one_shot: bool
    restarts: bool
    profiles: bool
    network_mode: str
    networks: tuple[str, ...]
    depends: Mapping[str, str]
    ports: tuple[str | Mapping[str, Any], ...]
    binds: tuple[str, ...]
    volumes: tuple[str, ...]
    env_files: tuple[str, ...]
    environment: frozenset[str]
    fixed: frozenset[str]
    variables: frozenset[str]

    @property
    def host_network(self) -> bool:
        return self.network_mode == "host"


@dataclass(frozen=True, kw_only=True)
class Compose:
    """A parsed compose file. `required` are the variables that have no default in it."""

    services: Mapping[str, Service]
    networks: frozenset[str]
    volumes: Mapping[str, Mapping[str, Any]]
    required: frozenset[str]
    mentioned: frozenset[str]
    findings: tuple[Finding, ...] = field(default=())


def parse(text: str, path: str = "app/compose") -> Compose:
    """Read a compose file's text. What is wrong with its form comes back in `findings`, under `path`; nothing is raised."""
    nothing = Compose(
        services={}, networks=frozenset(), volumes={}, required=frozenset(), mentioned=frozenset()
    )

    def broken(rule: str, got: object = None, cure: str = "") -> Compose:
        found = finding(path, rule, got, cure) if got is not None else finding(path, rule, cure=cure)
        return Compose(**{**vars(nothing), "findings": (found,)})

    try:
        document = yaml.load(text, Loader=go_yaml.ComposeLoader)
    except yaml.MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        return broken(f"the compose file is YAML: {error.problem or error.context}{line}")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return broken(f"the compose file is YAML: {str(error).splitlines()[0]}")
    if (
        not isinstance(document, dict)
        or not isinstance(document.get("services"), dict)
        or not document["services"]
    ):
        return broken("the compose file has a mapping `services` with at least one service")
    services = document["services"]
    bad = [name for name, body in services.items() if not isinstance(name, str) or not isinstance(body, dict)]
    if bad:
        return broken("each service of the compose file is a mapping", [str(name) for name in bad])
    found: list[Finding] = []
    if document.get("include"):
        found.append(
            finding(
                path,
                "a compose file does not include others",
                cure="Only this one file is put on the machines.",
            )
        )
    for name, body in services.items():
        if isinstance(body.get("extends"), dict) and body["extends"].get("file"):
            found.append(
                finding(
                    path,
                    f"service '{name}' does not extend another file",
                    cure="Only this one file is put on the machines.",
                )
            )
    volumes = document.get("volumes") or {}
    if not isinstance(volumes, dict):
        return broken("`volumes` of the compose file is a mapping", volumes)
    networks = document.get("networks") or {}
    if not isinstance(networks, dict):
        return broken("`networks` of the compose file is a mapping", networks)
    finished = {
        dependency
        for body in services.values()
        if isinstance(body.get("depends_on"), dict)
        for dependency, condition in body["depends_on"].items()
        if isinstance(condition, dict) and condition.get("condition") == "service_completed_successfully"
    }
    strings = list(_strings(document))
    return Compose(
        services={name: _service(name, body, name in finished) for name, body in services.items()},
        networks=frozenset(map(str, networks)),
        volumes={str(name): body if isinstance(body, dict) else {} for name, body in volumes.items()},
        required=frozenset(
            name for text in strings for name, has_default in _variables(text) if not has_default
        ),
        mentioned=frozenset(name for text in strings for name, _ in _variables(text)),
        findings=tuple(found),
    )


def _service(name: str, body: Mapping[str, Any], finished: bool) -> Service:
    healthcheck = body.get("healthcheck")
    checked = (
        isinstance(healthcheck, dict)
        and not healthcheck.get("disable")
        and healthcheck.get("test") not in (["NONE"], "NONE")
    )
    restart = body.get("restart")
    never = restart in (None, False, "no") or (isinstance(restart, str) and restart.startswith("on-failure"))
    networks = body.get("networks")
    mounts = [_mount(item) for item in _items(body.get("volumes"))]
    environment = body.get("environment")
    pairs = (
        environment.items()
        if isinstance(environment, dict)
        else [str(item).partition("=")[::2] for item in _items(environment)]
    )
    # `- NAME` and `NAME:` without a value take the variable of the same name from .env.
    passed = {str(key) for key, value in pairs if value in (None, "") and "=" not in str(key)}
    return Service(
        name=name,
        image=body["image"] if isinstance(body.get("image"), str) else None,
        built="build" in body,
        checked=checked,
        one_shot=finished,
        restarts=not never,
        profiles=bool(body.get("profiles")),
        network_mode=str(body.get("network_mode") or ""),
        networks=tuple(map(str, networks)) if isinstance(networks, list | dict) else (),
        depends=_depends(body.get("depends_on")),
        ports=tuple(item if isinstance(item, dict) else str(item) for item in _items(body.get("ports"))),
        binds=tuple(source for kind, source in mounts if kind == "bind"),
        volumes=tuple(source for kind, source in mounts if kind == "volume"),
        env_files=tuple(
            str(item.get("path") if isinstance(item, dict) else item)
            for item in _items(body.get("env_file"), scalar=True)
        ),
        environment=frozenset(str(key) for key, _ in pairs),
        fixed=frozenset(
            str(key) for key, value in pairs if value not in (None, "") and not any(_variables(str(value)))
        ),
        variables=frozenset(variable for text in _strings(body) for variable, _ in _variables(text)) | passed,
    )


def _depends(value: Any) -> dict[str, str]:
    """Each service that must come first, and the condition that it must meet."""
    if isinstance(value, list):
        return {str(name): "service_started" for name in value}
    if not isinstance(value, dict):
        return {}
    conditions = {
        str(name): body.get("condition") if isinstance(body, dict) else None for name, body in value.items()
    }
    return {name: str(condition or "service_started") for name, condition in conditions.items()}


def _items(value: Any, scalar: bool = False) -> Sequence[Any]:
    if isinstance(value, list):
        return value
    return [value] if scalar and value is not None else []


def _mount(item: Any) -> tuple[str, str]:
    """('bind' | 'volume' | '', source) of one entry of a service's `volumes`."""
    if isinstance(item, dict):
        return str(item.get("type", "")), str(item.get("source", ""))
    source, separator, _ = str(item).partition(":")
    if not separator:
        return "", ""
    return ("bind" if source.startswith((".", "/", "~")) else "volume"), source


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


def _variables(text: str) -> Iterable[tuple[str, bool]]:
    """(name, whether it may be unset) of each variable that a string mentions."""
    for match in _VARIABLE.finditer(text):
        if match["plain"]:
            yield match["plain"], False
        elif match["name"]:
            yield match["name"], bool(match["operator"]) and "?" not in match["operator"]


def interpolate(text: str, env: Mapping[str, str]) -> str:
    """Put plain variables in, as compose does; what is not in `env` and has no default stays as it is written."""

    def value(match: re.Match[str]) -> str:
        if match["dollar"]:
            return "$"
        name = match["plain"] or match["name"]
        operator, rest = match["operator"] or "", match["rest"] or ""
        present = name in env and not (operator.startswith(":") and not env[name])
        if operator.endswith("+"):
            return rest if present else ""
        if present:
            return env[name]
        return rest if operator.endswith("-") else match[0]

    return _VARIABLE.sub(value, text)


def check(compose: Compose, app: App, supplied: Iterable[str]) -> tuple[list[Finding], list[str]]:
    """Findings and warnings of the compose file against `app`; `supplied` are all variables that .env will have."""
    found: list[Finding] = []
    warnings: list[str] = []
    plain = dict(app.env)
    have = sorted(compose.services)
    for name, service in compose.services.items():
        place = f"app/compose/services/{name}"
        if name == CONNECTOR:
            found.append(
                finding(
                    place,
                    "the connector is added by Drawbridge",
                    cure="Remove this service from the compose file.",
                )
            )
            continue
        found += _image(place, service, plain, app)
        for port in service.ports:
            if not _loopback(port, plain):
                found.append(
                    finding(
                        f"{place}/ports",
                        "a port is published on loopback or not at all",
                        port,
                        "Remove it: the connector reaches services by the compose network; or bind it to 127.0.0.1.",
                    )
                )
        if service.host_network and name not in app.allow.host_network:
            found.append(
                finding(
                    f"{place}/network_mode",
                    "a service does not share the host's network, where the machine's AWS credentials are",
                    "host",
                    f"Use the compose network, or list '{name}' in app.allow.hostNetwork.",
                )
            )
        for source in service.binds:
            found += _bind(place, source, app)
        for env_file in service.env_files:
            relative = env_file.removeprefix("./")
            if relative != ".env" and relative not in app.files:
                found.append(
                    finding(
                        f"{place}/env_file",
                        "an env_file is .env, which Drawbridge writes, or one of app.files",
                        env_file,
                        f"Write `env_file: .env`, or add {relative} to app.files.",
                    )
                )
        if not service.restarts and not service.one_shot and name not in (app.once or ()):
            warnings.append(
                f"{place}: no `restart` policy: when its process ends it stays down until the machine restarts"
            )
    found += [*_private(compose, app), *_once(compose, app)]
    if NETWORK in compose.networks:
        found.append(
            finding(
                f"app/compose/networks/{NETWORK}", "this name is Drawbridge's", cure="Choose another name."
            )
        )
    for variable in sorted(compose.required - set(supplied)):
        found.append(
            finding(
                "app/compose",
                f"the variable ${{{variable}}} of the compose file has a value",
                cure=f"Name it in app.env, app.secrets or app.generate, or write ${{{variable}:-default}} in the compose file.",
            )
        )
    reads_all = any(".env" in map(_bare, service.env_files) for service in compose.services.values())
    for kind, names in (
        ("env", tuple(app.env)),
        ("secrets", app.secrets),
        ("generate", tuple(app.generate)),
        ("facts", tuple(app.facts)),
    ):
        for unused in (
            () if reads_all else sorted(set(names) - _read_by_services(compose) - _registry_passwords(app))
        ):
            warnings.append(f"app/{kind}/{unused}: no service of the compose file mentions ${{{unused}}}")
    for position, volume in enumerate(app.storage):
        place = f"app/storage/{position}"
        if volume not in compose.volumes:
            declared = ", ".join(sorted(compose.volumes)) or "none"
            found.append(
                finding(
                    place,
                    f"a volume that the compose file declares under `volumes` (it has {declared})",
                    volume,
                )
            )
        elif compose.volumes[volume].get("external") or compose.volumes[volume].get("driver_opts"):
            found.append(
                finding(
                    place,
                    "a volume that Drawbridge may place: without `external` and `driver_opts` in the compose file",
                    volume,
                )
            )
    for volume in sorted(set(compose.volumes) - set(app.storage)):
        warnings.append(
            f"app/storage: volume '{volume}' lives and dies with its machine; name it in app.storage if it must not"
        )
    for label, names in (
        ("mutableImages", app.allow.mutable_images),
        ("noHealthcheck", app.allow.no_healthcheck),
        ("hostNetwork", app.allow.host_network),
        ("byHost", app.allow.by_host),
    ):
        for position, service_name in enumerate(names):
            if service_name not in compose.services:
                found.append(
                    finding(
                        f"app/allow/{label}/{position}",
                        f"a service of the compose file ({', '.join(have)})",
                        service_name,
                    )
                )
    return found, warnings


def _bare(path: str) -> str:
    return path.removeprefix("./")


def _read_by_services(compose: Compose) -> frozenset[str]:
    return compose.mentioned.union(*(service.variables for service in compose.services.values()))


def _registry_passwords(app: App) -> set[str]:
    return {registry.password for registry in app.registries if registry.password}


def login_only(compose: Compose, app: App) -> tuple[str, ...]:
    """Registries' passwords that no service asks for by name: they are not for containers to read."""
    return tuple(sorted(_registry_passwords(app) - _read_by_services(compose)))


def _image(place: str, service: Service, env: Mapping[str, str], app: App) -> list[Finding]:
    if service.image is None:
        cure = (
            "Build and push it in your pipeline; the machines pull, they do not build."
            if service.built
            else ""
        )
        return [finding(f"{place}/image", "a service has an image", cure=cure)]
    image = interpolate(service.image, env)
    if "@sha256:" in image or service.name in app.allow.mutable_images:
        return []
    _, _, tag = image.rpartition("/")[2].partition(":")
    if "$" in tag or (not tag and "$" in image):
        return []  # an unset variable has its own finding; one among the secrets cannot be judged here
    if not tag or tag == "latest":
        return [
            finding(
                f"{place}/image",
                "an image has a tag that stays what it is, not `latest`",
                image,
                f"Pin a version or a digest, or list '{service.name}' in app.allow.mutableImages.",
            )
        ]
    return []


def _loopback(port: str | Mapping[str, Any], env: Mapping[str, str]) -> bool:
    if not isinstance(port, str):
        return str(port.get("host_ip", "")) in ("127.0.0.1", "::1")
    return interpolate(port, env).startswith(("127.0.0.1:", "[::1]:"))


def _bind(place: str, source: str, app: App) -> list[Finding]:
    if source.startswith("~"):
        return [
            finding(f"{place}/volumes", "a bind mount's source is below the compose file or absolute", source)
        ]
    if source.startswith("/"):
        return []
    relative = source.removeprefix("./").rstrip("/")
    provided = {target for target in app.files if target == relative or target.startswith(relative + "/")}
    if relative in ("", ".") or not provided:
        return [
            finding(
                f"{place}/volumes",
                "a bind mount's source is among app.files (Docker would mount an empty folder)",
                source,
                f"Add {relative or 'its files'} to app.files.",
            )
        ]
    return []


def _private(compose: Compose, app: App) -> list[Finding]:
    """`app.private` can be kept: its services have no other network, and are nobody else's."""
    found: list[Finding] = []
    have = ", ".join(sorted(compose.services))
    for name, callers in app.private.items():
        place = f"app/private/{name}"
        service = compose.services.get(name)
        if service is None:
            found.append(finding(place, f"a service of the compose file ({have})"))
            continue
        if service.networks or service.network_mode:
            found.append(
                finding(
                    place,
                    "a private service says nothing of networks in the compose file: Drawbridge gives it its only one",
                    list(service.networks) or service.network_mode,
                    f"Remove `networks` and `network_mode` from '{name}', or separate it in the compose file alone.",
                )
            )
        if not callers:
            found.append(finding(place, "at least one service that may reach it", []))
        for position, caller in enumerate(callers):
            if caller not in compose.services or caller == name:
                found.append(
                    finding(f"{place}/{position}", f"another service of the compose file ({have})", caller)
                )
            elif compose.services[caller].network_mode:
                mode = compose.services[caller].network_mode
                found.append(
                    finding(
                        f"{place}/{position}",
                        "a service on the compose network",
                        f"{caller} (network_mode: {mode})",
                    )
                )
        for other, body in sorted(compose.services.items()):
            if body.network_mode == f"service:{name}" and other not in callers:
                rule = f"'{other}' shares the network of '{name}' (network_mode) and is not among those that may reach it"
                found.append(finding(place, rule, cure=f"Add {other}, or give it a network of its own."))
    return found


def run_once(compose: Compose, app: App) -> tuple[str, ...]:
    """The services that run to their end before the others start, in an order in which each finds its predecessors done."""
    chosen = (
        app.once
        if app.once is not None
        else tuple(n for n, s in compose.services.items() if s.one_shot and not s.profiles)
    )
    ordered: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in ordered or name in path:
            return
        for earlier in sorted(set(compose.services[name].depends) & set(chosen)):
            visit(earlier, (*path, name))
        ordered.append(name)

    for name in chosen:
        if name in compose.services:
            visit(name, ())
    return tuple(ordered)


def _once(compose: Compose, app: App) -> list[Finding]:
    found: list[Finding] = []
    have = ", ".join(sorted(compose.services))
    chosen = run_once(compose, app)
    for position, name in enumerate(app.once or ()):
        if name not in compose.services:
            found.append(finding(f"app/once/{position}", f"a service of the compose file ({have})", name))
    for name in chosen:
        for other, service in sorted(compose.services.items()):
            condition = service.depends.get(name)
            if other not in chosen and condition not in (None, "service_completed_successfully"):
                found.append(
                    finding(
                        f"app/compose/services/{other}/depends_on/{name}",
                        f"'{name}' runs once and ends before the others start: what waits for it waits for its end",
                        condition,
                        "Write `condition: service_completed_successfully`, or leave it out of app.once.",
                    )
                )
    return found


def database_services(compose: Compose, database: Database, aliases: Iterable[str] = ()) -> tuple[str, ...]:
    """The services that get the database's variables: those named, or those that mention one (or an alias of one) or
    read all of .env."""
    if database.services is not None:
        return database.services
    ours = {"DATABASE_URL", "PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD", *aliases}
    return tuple(
        name
        for name, service in compose.services.items()
        if service.variables & ours or ".env" in map(_bare, service.env_files)
    )


def own_database(compose: Compose, readers: Iterable[str]) -> list[Finding]:
    """Services that are given the database and have the address of another one written into the compose file, which wins."""
    return [
        finding(
            f"app/compose/services/{name}/environment/{variable}",
            "a service that gets the stack's database does not name another one",
            cure=f"Write ${{{variable}}} for its value, or leave it out; or list in database.services who does use the database.",
        )
        for name in readers
        for variable in ("DATABASE_URL", "PGHOST")
        if variable in compose.services[name].fixed
    ]


def overlay(
    compose: Compose,
    *,
    tunnel: Tunnel,
    storage: Sequence[str],
    routed: Iterable[str],
    readers: Sequence[str],
    private: Mapping[str, Sequence[str]],
    once: Sequence[str] = (),
) -> str:
    """The compose file that is merged over the app's own: the connector, lasting volumes, the database's variables, networks.

    ``routed`` are the services behind routes: the connector starts when they are healthy (or, unchecked, started), so a
    machine takes no request before its app can serve it. It shares a network with these alone. ``readers`` are the services
    that use the database. ``private`` names services with the only ones that may reach them. ``once`` are started by the
    machine's boot, under a lock, and so not by `up`: each gets a profile, and who depends on it does without.
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
            {"type": "bind", "source": TOKEN_FILE, "target": "/etc/cloudflared/token", "read_only": True}
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
    document: dict[str, Any] = {"services": services}
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
    return yaml.safe_dump(document, sort_keys=False, width=1000)


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
