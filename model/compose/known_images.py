"""What well-known images keep on disk, where, and with how many writers: from their Dockerfiles and manuals, November 2026.

A table can only name what somebody looked up: an image that is not in it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["database", "broker", "sqlite", "index", "files"]
"""`database`, `broker` and `index` are servers of which one process alone may open its files; `sqlite` is an app that keeps such
a file of its own; `files` may be written by many."""


@dataclass(frozen=True, kw_only=True)
class Image:
    """``names`` are the ends of images' names, without registry, tag and digest.

    ``keeps`` are the folders that must last. ``otherwise`` are variables that put the data elsewhere: each a name, or NAME=VALUE
    whose value is a regular expression.
    """

    names: tuple[str, ...]
    called: str
    kind: Kind
    keeps: tuple[str, ...]
    otherwise: tuple[str, ...] = field(default=())


def _image(names: str, called: str, kind: Kind, *keeps: str, otherwise: str = "") -> Image:
    return Image(
        names=tuple(names.split()), called=called, kind=kind, keeps=keeps, otherwise=tuple(otherwise.split())
    )


IMAGES = (
    _image(
        "postgres postgresql postgis pgvector timescaledb timescaledb-ha citus pgvecto-rs vchord-postgres vchord-suite",
        "PostgreSQL",
        "database",
        "/var/lib/postgresql",
        "/bitnami/postgresql",
        "/home/postgres/pgdata",
    ),
    _image(
        "mysql mysql-server percona percona-server", "MySQL", "database", "/var/lib/mysql", "/bitnami/mysql"
    ),
    _image(
        "mariadb mariadb-galera",
        "MariaDB",
        "database",
        "/var/lib/mysql",
        "/bitnami/mariadb",
        "/config/databases",
    ),
    _image(
        "mongo mongodb mongodb-community-server percona-server-mongodb",
        "MongoDB",
        "database",
        "/data/db",
        "/bitnami/mongodb",
    ),
    _image("clickhouse clickhouse-server", "ClickHouse", "database", "/var/lib/clickhouse"),
    _image("cockroach", "CockroachDB", "database", "/cockroach/cockroach-data"),
    _image("couchdb", "CouchDB", "database", "/opt/couchdb/data"),
    _image("cassandra scylla", "Cassandra", "database", "/var/lib/cassandra", "/var/lib/scylla"),
    _image("influxdb", "InfluxDB", "database", "/var/lib/influxdb", "/var/lib/influxdb2"),
    _image("neo4j", "Neo4j", "database", "/data"),
    _image("arangodb", "ArangoDB", "database", "/var/lib/arangodb3"),
    _image("surrealdb", "SurrealDB", "database", "/data"),
    _image("questdb", "QuestDB", "database", "/var/lib/questdb"),
    _image("victoria-metrics", "VictoriaMetrics", "database", "/victoria-metrics-data", "/storage"),
    _image("prometheus", "Prometheus", "database", "/prometheus"),
    _image(
        "redis redis-stack redis-stack-server valkey keydb dragonfly",
        "Redis",
        "broker",
        "/data",
        "/bitnami/redis/data",
    ),
    _image("rabbitmq", "RabbitMQ", "broker", "/var/lib/rabbitmq"),
    _image(
        "kafka cp-kafka redpanda", "Kafka", "broker", "/var/lib/kafka", "/var/lib/redpanda", "/bitnami/kafka"
    ),
    _image("nats nats-streaming", "NATS", "broker", "/data/jetstream"),
    _image("eclipse-mosquitto", "Mosquitto", "broker", "/mosquitto/data"),
    _image("zookeeper", "ZooKeeper", "broker", "/data", "/datalog"),
    _image("etcd", "etcd", "broker", "/etcd-data", "/bitnami/etcd"),
    _image(
        "elasticsearch", "Elasticsearch", "index", "/usr/share/elasticsearch/data", "/bitnami/elasticsearch"
    ),
    _image("opensearch", "OpenSearch", "index", "/usr/share/opensearch/data"),
    _image("solr", "Solr", "index", "/var/solr"),
    _image("meilisearch", "Meilisearch", "index", "/meili_data"),
    _image("typesense/typesense", "Typesense", "index", "/data"),
    _image("qdrant/qdrant", "Qdrant", "index", "/qdrant/storage"),
    _image("weaviate", "Weaviate", "index", "/var/lib/weaviate"),
    _image("manticore", "Manticore", "index", "/var/lib/manticore"),
    _image("minio/minio", "MinIO", "files", "/data"),
    _image("n8n", "n8n", "sqlite", "/home/node/.n8n", otherwise="DB_TYPE=postgresdb|mysqldb|mariadb"),
    _image(
        "ghost",
        "Ghost",
        "sqlite",
        "/var/lib/ghost/content",
        otherwise="database__client=mysql database__connection__host",
    ),
    _image(
        "grafana grafana-oss grafana-enterprise",
        "Grafana",
        "sqlite",
        "/var/lib/grafana",
        otherwise="GF_DATABASE_TYPE=postgres|mysql GF_DATABASE_URL=(postgres|mysql).*",
    ),
    _image("uptime-kuma", "Uptime Kuma", "sqlite", "/app/data", otherwise="UPTIME_KUMA_DB_TYPE=mariadb"),
    _image(
        "vaultwarden/server", "Vaultwarden", "sqlite", "/data", otherwise="DATABASE_URL=(postgres|mysql).*"
    ),
    _image(
        "gitea forgejo",
        "Gitea",
        "sqlite",
        "/data",
        "/var/lib/gitea",
        otherwise="GITEA__database__DB_TYPE=(postgres|mysql) FORGEJO__database__DB_TYPE=(postgres|mysql)",
    ),
    _image("linkding", "linkding", "sqlite", "/etc/linkding/data", otherwise="LD_DB_ENGINE=postgres"),
    _image("nocodb", "NocoDB", "sqlite", "/usr/app/data", otherwise="NC_DB NC_DB_JSON DATABASE_URL"),
    _image("directus", "Directus", "files", "/directus/uploads"),
    _image("wiki", "Wiki.js", "files", "/wiki/data"),
    _image(
        "paperless-ngx",
        "Paperless-ngx",
        "sqlite",
        "/usr/src/paperless/data",
        otherwise="PAPERLESS_DBHOST PAPERLESS_DBENGINE=postgresql|mariadb",
    ),
    _image("mealie", "Mealie", "sqlite", "/app/data", otherwise="DB_ENGINE=postgres"),
    _image(
        "open-webui", "Open WebUI", "sqlite", "/app/backend/data", otherwise="DATABASE_URL=(postgres|mysql).*"
    ),
    _image(
        "metabase",
        "Metabase",
        "sqlite",
        "/metabase.db",
        otherwise="MB_DB_TYPE=postgres|mysql MB_DB_CONNECTION_URI",
    ),
    _image(
        "keycloak",
        "Keycloak",
        "sqlite",
        "/opt/keycloak/data",
        otherwise="KC_DB=(postgres|mysql|mariadb|mssql|oracle) KC_DB_URL",
    ),
    _image("healthchecks", "Healthchecks", "sqlite", "/data", otherwise="DB=postgres|mysql"),
    _image(
        "vikunja",
        "Vikunja",
        "sqlite",
        "/db",
        "/app/vikunja/files",
        otherwise="VIKUNJA_DATABASE_TYPE=postgres|mysql",
    ),
    _image(
        "gotify/server", "Gotify", "sqlite", "/app/data", otherwise="GOTIFY_DATABASE_DIALECT=postgres|mysql"
    ),
    _image("memos", "Memos", "sqlite", "/var/opt/memos", otherwise="MEMOS_DRIVER=postgres|mysql"),
    _image("actual-server", "Actual", "sqlite", "/data"),
    _image("pocketbase", "PocketBase", "sqlite", "/pb_data"),
    _image("home-assistant", "Home Assistant", "sqlite", "/config"),
    _image("trilium notes", "Trilium", "sqlite", "/home/node/trilium-data"),
    _image("navidrome", "Navidrome", "sqlite", "/data"),
    _image("audiobookshelf", "Audiobookshelf", "sqlite", "/config", "/metadata"),
    _image("jellyfin", "Jellyfin", "sqlite", "/config"),
    _image("sonarr radarr prowlarr lidarr readarr bazarr", "an *arr app", "sqlite", "/config"),
    _image(
        "nginx-proxy-manager",
        "Nginx Proxy Manager",
        "sqlite",
        "/data",
        otherwise="DB_MYSQL_HOST DB_POSTGRES_HOST",
    ),
    _image("freshrss", "FreshRSS", "files", "/var/www/FreshRSS/data"),
    _image("nextcloud", "Nextcloud", "sqlite", "/var/www/html", otherwise="POSTGRES_HOST MYSQL_HOST"),
    _image("wordpress", "WordPress", "files", "/var/www/html"),
    _image(
        "mattermost-team-edition mattermost-enterprise-edition", "Mattermost", "files", "/mattermost/data"
    ),
    _image("outline", "Outline", "files", "/var/lib/outline/data"),
    _image("immich-server", "Immich", "files", "/usr/src/app/upload", "/data"),
    _image("jenkins jenkins/jenkins", "Jenkins", "index", "/var/jenkins_home"),
    _image("registry", "a registry", "files", "/var/lib/registry"),
)

ONE_WRITER: tuple[Kind, ...] = ("database", "broker", "index", "sqlite")

ENGINE_FOLDERS = tuple(
    (folder, image)
    for image in IMAGES
    if image.kind in ("database", "broker", "index")
    for folder in image.keeps
    # Others keep files of their own under these.
    if folder not in ("/data", "/storage", "/datalog")
)
"""Folders that only such a server has, whatever its image is called."""


def known_image(image: str | None) -> Image | None:
    """The record of an image's name; None for one that is not in the table."""
    name = (image or "").partition("@")[0].lower()
    head, slash, last = name.rpartition("/")
    path = f"{head}{slash}{last.partition(':')[0]}"
    return next(
        (record for record in IMAGES for end in record.names if path == end or path.endswith(f"/{end}")),
        None,
    )


def keeps_elsewhere(record: Image, environment: Mapping[str, str | None]) -> bool:
    """Whether the variables that a service is given put its data into another server."""
    for word in record.otherwise:
        name, equals, form = word.partition("=")
        given = next((value for key, value in environment.items() if key.lower() == name.lower()), "")
        if given is None or (
            given and (not equals or re.fullmatch(form, given, re.IGNORECASE) or "$" in given)
        ):
            return True
    return False
