"""Which service is reached from outside, how its health is asked, and which services are not needed on our machines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from model.checks.own_database import is_server
from model.compose.file import Compose, Service
from model.compose.known_images import known_image
from model.compose.replaced import EXTENSIONS, has_extension
from preview.new.proposal import Proposal

_INSTEAD = (
    (
        re.compile(
            r"(^|/)(traefik|nginx-proxy|nginx-proxy-manager|acme-companion|letsencrypt-nginx-proxy-companion|swag)$"
        ),
        "a proxy",
    ),
    (re.compile(r"(^|/)(certbot|acme\.sh)$"), "certificates"),
    (re.compile(r"(^|/)cloudflared$"), "a tunnel"),
    (re.compile(r"(^|/)(watchtower|ouroboros|diun)$"), "updates of images"),
    (re.compile(r"(^|/)(postgres-backup|postgres-backup-local|pgbackups)$"), "backups of the database"),
    (re.compile(r"(^|/)(mailhog|mailpit|maildev|inbucket)$"), "mail that goes nowhere"),
    (re.compile(r"(^|/)(adminer|pgadmin4|phpmyadmin)$"), "a console of the database"),
)
"""What others bring for a machine of their own, and Drawbridge does: the service is left out."""

_FRONT = re.compile(r"nginx|caddy|proxy|gateway|front|web|ui|app|server", re.IGNORECASE)
_PORTS = (80, 3000, 8080, 8000, 5000, 4000, 9000, 8081, 8443, 443)
_NOT_HTTP = {22, 25, 53, 110, 143, 465, 587, 993, 1883, 2222, 3306, 5432, 5672, 6379, 9092, 11211, 27017}

# The port that an image serves where the file names none.
_SERVES = {
    "umami": 3000,
    "n8n": 5678,
    "ghost": 2368,
    "metabase": 3000,
    "outline": 3000,
    "gitea": 3000,
    "mattermost-team-edition": 8065,
    "mattermost-enterprise-edition": 8065,
}

_CHECKS: Mapping[str, str] = {
    "n8n": "/healthz",
    "grafana": "/api/health",
    "grafana-oss": "/api/health",
    "gitea": "/api/healthz",
    "forgejo": "/api/healthz",
    "metabase": "/api/health",
    "nocodb": "/api/v1/health",
    "directus": "/server/health",
    "umami": "/api/heartbeat",
    "plausible": "/api/health",
    "community-edition": "/api/health",
    "linkding": "/health",
    "wiki": "/healthz",
    "listmonk": "/health",
}

_OWN_CHECK = (
    "vaultwarden/server",
    "uptime-kuma",
    "mattermost-team-edition",
    "immich-server",
    "paperless-ngx",
    "outline",
    "miniflux",
)
"""Images with a HEALTHCHECK of their own."""


def last(image: str | None) -> str:
    return path(image).rpartition("/")[2]


def path(image: str | None) -> str:
    """Without tag and digest."""
    name = (image or "").partition("@")[0].lower()
    head, slash, end = name.rpartition("/")
    return f"{head}{slash}{end.partition(':')[0]}"


def propose(compose: Compose, proposal: Proposal) -> None:
    _without(compose, proposal)
    _database(compose, proposal)
    _routes(compose, proposal)
    _images(compose, proposal)
    _health(compose, proposal)
    _runs(compose, proposal)


def kept(compose: Compose, proposal: Proposal) -> Iterator[tuple[str, Service]]:
    """The services that run on our machines."""
    replaced = (proposal.database or {}).get("replaces")
    for name, service in compose.running.items():
        if name != replaced and name not in proposal.without:
            yield name, service


def _without(compose: Compose, proposal: Proposal) -> None:
    for name, service in compose.running.items():
        what = next((text for form, text in _INSTEAD if form.search(path(service.image))), None)
        if what and len(compose.running) > 1:
            proposal.without.append(name)
            proposal.because("without", f"{name} brings {what}, which a stack has or does not need")


def _database(compose: Compose, proposal: Proposal) -> None:
    servers = [(n, s) for n, s in kept(compose, proposal) if is_server(s)]
    fits = [
        (n, s)
        for n, s in servers
        if "mysql" not in path(s.image) and "maria" not in path(s.image) and "percona" not in path(s.image)
    ]
    ready = [(n, s) for n, s in fits if not has_extension(s.image)]
    for name, service in fits:
        extension = has_extension(service.image)
        if extension:
            proposal.because("storage", f"{name} stays a container: RDS has no {EXTENSIONS[extension]}")
    if not ready:
        return
    name, service = ready[0]
    tag = (service.image or "").partition("@")[0].rpartition("/")[2].partition(":")[2]
    major = re.search(r"(?:pg|^)(1[5-8])(?!\d)", tag)
    called = service.environment.get("POSTGRES_DB") or service.environment.get("POSTGRES_USER") or "app"
    called = re.sub(r"[^a-z0-9_]", "_", called.lower()).strip("_")[:40]
    if (
        not re.fullmatch(r"[a-z][a-z0-9_]*", called)
        or called in ("postgres", "public")
        or called.startswith(("pg_", "rds_"))
    ):
        called = "app"
    proposal.database = {
        "version": major[1] if major else "17",
        "instanceClass": "db.t4g.micro",
        "storageGiB": 20,
        "name": called,
        "replaces": name,
    }
    proposal.because(
        "database",
        f"'{name}' ({service.image}) is not started: RDS takes its place, private, encrypted, backed up",
    )
    if not major:
        proposal.because(
            "database", "its tag names no version that RDS has; dump and restore what you bring along"
        )


def _http_ports(service: Service) -> list[int]:
    found = []
    for port in service.ports:
        target = port["target"].partition("-")[0]
        if port["protocol"] != "udp" and target.isdigit() and int(target) not in _NOT_HTTP:
            found.append(int(target))
    return list(dict.fromkeys(found))


def _routes(compose: Compose, proposal: Proposal) -> None:
    candidates: list[tuple[tuple[int, ...], str, int]] = []
    for position, (name, service) in enumerate(kept(compose, proposal)):
        record = known_image(service.image)
        if service.network_mode or service.one_shot or (record and record.kind in ("database", "broker")):
            continue
        for port in _http_ports(service):
            rank = _PORTS.index(port) if port in _PORTS else len(_PORTS)
            candidates.append(
                (
                    (0 if _FRONT.search(name) else 1, rank if port in (443, 8443) else 0, position, rank),
                    name,
                    port,
                )
            )
    if not candidates:
        candidates = [
            ((position,), name, _known_port(service))
            for position, (name, service) in enumerate(kept(compose, proposal))
            if _known_port(service) and not service.network_mode
        ]
    candidates.sort()
    if not candidates:
        proposal.questions.append(
            "drawbridge:routes: which service serves people, on which port? The compose file publishes none"
        )
        return
    (_, name, port), *rest = candidates
    proposal.routes.append((name, port))
    proposal.because(
        "routes",
        f"'{name}' publishes {port}" if _http_ports(compose.services[name]) else f"'{name}' serves on {port}",
    )
    for _, other, its in rest:
        if (other, its) != (name, port):
            proposal.others.append(f"{other}:{its}")


def _known_port(service: Service) -> int:
    exposed = [str(item).partition("/")[0] for item in service.body.get("expose") or ()]
    return next((int(item) for item in exposed if item.isdigit()), 0) or _SERVES.get(last(service.image), 0)


def _images(compose: Compose, proposal: Proposal) -> None:
    for name, service in kept(compose, proposal):
        image = service.image
        if image is None:
            if service.built:
                proposal.questions.append(
                    f"drawbridge:app images.{name}: where is the image that your pipeline builds of '{name}'?"
                )
            continue
        tag = image.rpartition("/")[2].partition(":")[2]
        if "@sha256:" not in image and tag in ("", "latest"):
            proposal.mutable.append(name)
            proposal.because(
                "allow",
                "tags that move: better `images: {"
                + name
                + ": IMAGE@sha256:…}` (docker buildx imagetools inspect)",
            )


def _health(compose: Compose, proposal: Proposal) -> None:
    for name, port in proposal.routes:
        service = compose.services[name]
        if service.checked:
            continue
        program = path(service.image)
        if any(program == own or program.endswith(f"/{own}") for own in _OWN_CHECK):
            proposal.healthchecks[name] = "image"
            proposal.because("healthchecks", f"{name}: the image brings one")
            continue
        at = f"http://127.0.0.1:{port}{_CHECKS.get(last(service.image), '/')}"
        # Any answer is one; curl, wget, bash or Node, whichever the image has.
        ask = (
            f"curl -s -o /dev/null {at} || wget -q -O /dev/null {at} || nc -z 127.0.0.1 {port} || "
            f"bash -c '</dev/tcp/127.0.0.1/{port}' || node -e \"require('net').connect({port}).on('error',()=>process.exit(1))"
            ".on('connect',()=>process.exit())\""
        )
        proposal.healthchecks[name] = ["CMD-SHELL", ask]
        proposal.because(
            "healthchecks",
            f"{name}: the file has none; this asks port {port} with what the image has; better the app's own",
        )


_ONCE = re.compile(
    r"(^|[-_])(init|migrat\w*|setup|seed|create\w*|bootstrap|permissions|chown)([-_]|$)", re.IGNORECASE
)


def _runs(compose: Compose, proposal: Proposal) -> None:
    finished = [name for name, service in kept(compose, proposal) if service.one_shot]
    named = [
        name
        for name, service in kept(compose, proposal)
        if not service.one_shot and not service.restarts and _ONCE.search(name) and not _http_ports(service)
    ]
    if named:
        proposal.once = [*finished, *named]
        proposal.because("once", f"{', '.join(named)}: by the name, these run to their end before the others")
    for name, service in kept(compose, proposal):
        if not service.restarts and name not in (*finished, *named) and service.body.get("restart") is None:
            proposal.restart.append(name)
            proposal.because("restart", "the file says nothing of these; take out what runs to its end")
    count = len(list(kept(compose, proposal)))
    heavy = any(
        re.search(
            "elastic|opensearch|clickhouse|machine-learning|gitlab|kafka|keycloak|metabase", path(s.image)
        )
        for _, s in kept(compose, proposal)
    )
    proposal.instance = (
        "t3.large" if heavy and count > 3 else "t3.medium" if heavy or count > 4 else "t3.small"
    )
