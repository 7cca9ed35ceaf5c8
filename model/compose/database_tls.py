"""The words for verified TLS of programs whose drivers are known: from their manuals, November 2026."""

from __future__ import annotations

from collections.abc import Mapping

from .database_spellings import CA_FILE, PRISMA

_JDBC = "jdbc:postgresql://${PGHOST}:${PGPORT}/${PGDATABASE}"

WORDS: Mapping[str, Mapping[str, str]] = {
    "n8n": {"DB_POSTGRESDB_SSL_ENABLED": "true", "DB_POSTGRESDB_SSL_CA_FILE": CA_FILE},
    "gitea": {"GITEA__database__SSL_MODE": "verify-full"},
    "forgejo": {"FORGEJO__database__SSL_MODE": "verify-full"},
    "paperless-ngx": {"PAPERLESS_DBSSLMODE": "verify-full", "PAPERLESS_DBSSLROOTCERT": CA_FILE},
    "listmonk": {"LISTMONK_db__ssl_mode": "verify-full"},
    "keycloak": {
        "KC_DB_URL": f"{_JDBC}?sslmode=verify-full&sslrootcert={CA_FILE}",
    },
    "metabase": {
        "MB_DB_CONNECTION_URI": f"{_JDBC}?user=${{PGUSER}}&password=${{PGPASSWORD}}&sslmode=verify-full&sslrootcert={CA_FILE}",
    },
    # Node verifies by default once TLS is on; NODE_EXTRA_CA_CERTS names the authority.
    "wiki": {"DB_SSL": "true"},
    "directus": {"DB_SSL": "true"},
    "linkding": {"LD_DB_OPTIONS": f'{{"sslmode":"verify-full","sslrootcert":"{CA_FILE}"}}'},
    "grafana": {"GF_DATABASE_SSL_MODE": "verify-full", "GF_DATABASE_CA_CERT_PATH": CA_FILE},
    "grafana-oss": {"GF_DATABASE_SSL_MODE": "verify-full", "GF_DATABASE_CA_CERT_PATH": CA_FILE},
}
"""By the last part of an image's name: variables that it reads beside those of the database's address."""

AUTHENTIK = {"AUTHENTIK_POSTGRESQL__SSLMODE": "verify-full", "AUTHENTIK_POSTGRESQL__SSLROOTCERT": CA_FILE}

_PRISMA = (
    "umami",
    "formbricks",
    "documenso",
    "cal.com",
    "calcom",
    "langfuse",
    "langfuse-worker",
    "typebot-builder",
)


def tls_of(image: str | None) -> tuple[tuple[str, str], ...] | None:
    """The words for a URL's query of a program whose driver reads others than its scheme says."""
    path = (image or "").partition("@")[0].lower()
    last = path.rpartition("/")[2].partition(":")[0]
    return PRISMA if last in _PRISMA or "/umami" in path else None


def words_of(image: str | None) -> Mapping[str, str]:
    """Variables beside those of the address."""
    path = (image or "").partition("@")[0].lower()
    if "goauthentik/server" in path:
        return AUTHENTIK
    return WORDS.get(path.rpartition("/")[2].partition(":")[0], {})
