"""Each bad stack file gives the one right error: place, rule, value, cure."""

from __future__ import annotations

from typing import Any

import pytest

from model.errors import SettingsError
from tests.model.stacks import COMPOSE, STACK, changed, findings, load_stack

DURATION = "a duration is a number and a unit (s, m, h or d), as in 30s, 1m30s or 24h"

# (place to change, new value or None to remove it, the report's one line)
SETTINGS: list[tuple[str, Any, str]] = [
    ("cloudflare", None, "cloudflare: this section is required"),
    ("routes", None, "routes: this section is required"),
    (
        "hots",
        {},
        "hots: a known section: cloudflare, app, routes, access, identityProviders, firewall, tunnel, network, host, database, "
        "alerts, suppress, secretDelivery, protect, acknowledge, secrets. Did you mean host?",
    ),
    ("cloudflare/accountId", None, "cloudflare/accountId: this key is required"),
    (
        "cloudflare/accountId",
        "xyz",
        'cloudflare/accountId: 32 hexadecimal digits, from the zone\'s overview page in the dashboard, got "xyz"',
    ),
    (
        "cloudflare/zoneID",
        "a",
        "cloudflare/zoneID: a known key: accountId, zoneId, zone, plan, team. Did you mean zoneId?",
    ),
    (
        "cloudflare/plan",
        "gold",
        "cloudflare/plan: one of 'free', 'pro', 'business' or 'enterprise', got \"gold\"",
    ),
    (
        "cloudflare/team",
        "acme.cloudflareaccess.com",
        'cloudflare/team: the team name alone, as in TEAM.cloudflareaccess.com, got "acme.cloudflareaccess.com"',
    ),
    (
        "cloudflare/zone",
        "Example.com",
        'cloudflare/zone: a hostname is a lower-case DNS name such as app.example.com, or *.example.com, got "Example.com"',
    ),
    (
        "app/compose",
        "nope.yaml",
        'app/compose: a file of the project, got "nope.yaml". Paths are relative to the folder of Pulumi.yaml.',
    ),
    (
        "app/compose",
        "/etc/passwd",
        'app/compose: a relative path inside the project, without .., got "/etc/passwd"',
    ),
    (
        "app/files",
        {"api/conf.d/a.conf": "a.conf", "../x": "a.conf"},
        'app/files/../x: a relative path inside the project, without .., got "../x"',
    ),
    (
        "app/files",
        {"api/conf.d/a.conf": "a.conf", "./compose.yaml": "a.conf"},
        'app/files/./compose.yaml: a path in its plain form, compose.yaml, got "./compose.yaml"',
    ),
    (
        "app/files",
        {"api/conf.d/a.conf": "a.conf", ".env/x": "a.conf"},
        "app/files/.env/x: a name other than .env, compose.yaml, overlay.yaml",
    ),
    (
        "app/files",
        {"api/conf.d/a.conf": "a.conf", "api/conf.d": "a.conf"},
        "app/files/api/conf.d: a file or a folder, not both; api/conf.d/a.conf lies in it",
    ),
    (
        "app/env/DEBUG",
        True,
        'app/env/DEBUG: write it in quotes ("true"): YAML words change their spelling on the way to a variable, got true',
    ),
    (
        "app/env/PGHOST",
        "x",
        "app/env/PGHOST: PGHOST is the database's, and set by Drawbridge. Choose another name.",
    ),
    (
        "app/env/TUNNEL_TOKEN",
        "x",
        "app/env/TUNNEL_TOKEN: TUNNEL_TOKEN is the connector's, and set by Drawbridge. Choose another name.",
    ),
    ("app/env/SECRET", "x", "app/secrets/0: a variable is named once; SECRET is in app.env too"),
    ("app/generate/KEY/bytes", 8, "app/generate/KEY/bytes: at least 16, got 8"),
    (
        "app/generate/KEY/encoding",
        "base32",
        "app/generate/KEY/encoding: one of 'hex', 'base64', 'base64url' or 'letters', got \"base32\"",
    ),
    (
        "app/generate/KEY",
        {"encoding": "letters", "bytes": 32},
        "app/generate/KEY: letters are counted, not encoded: give length, not bytes",
    ),
    (
        "app/generate/KEY",
        {"length": 40},
        "app/generate/KEY: hex writes bytes: give bytes, not length (hex is two characters a byte)",
    ),
    (
        "app/facts/X",
        "databseUrl",
        "app/facts/X/of/0: one of 'connectorNetwork', 'hostnames', 'urls', 'websocketUrls', 'frontends', 'accessIssuer', "
        "'region', 'databaseHost', 'databasePort', 'databaseName', 'databaseUser', 'databasePassword' or 'databaseUrl', got \"databseUrl\"",
    ),
    (
        "app/facts/X",
        ["urls", "databaseUrl"],
        "app/facts/X: databaseUrl is one value and stands alone, without `form`",
    ),
    ("app/facts/X", "frontends", 'app/facts/X: front ends in app.frontends, got ["frontends"]'),
    ("app/facts/TAG", "region", "app/facts/TAG: a variable is named once; TAG is in app.env too"),
    (
        "app/frontends",
        ["https://app.pages.dev/"],
        'app/frontends/0: an origin as browsers send it: https://HOST, in lower case, without a path or a / at the end, got "https://app.pages.dev/"',
    ),
    (
        "access/admins/crossSite",
        True,
        "access/admins/crossSite: front ends in app.frontends: they are the origins that may send the login along, got true",
    ),
    ("app/private", {"db": ["api"]}, "app/private/db: a service of the compose file (api, web, worker)"),
    (
        "app/private",
        {"worker": ["db"]},
        'app/private/worker/0: another service of the compose file (api, web, worker), got "db"',
    ),
    ("app/private", {"worker": []}, "app/private/worker: at least one service that may reach it, got []"),
    (
        "app/private",
        {"api": ["worker"]},
        "routes/1/service: 'api' is private to worker (app.private), got \"http://api:8000\". "
        "Route to one of these, or take it out of app.private.",
    ),
    ("app/once", ["migrate"], 'app/once/0: a service of the compose file (api, web, worker), got "migrate"'),
    (
        "app/once",
        ["web"],
        "routes/0/service: 'web' runs once and ends; it serves nobody (app.once), got \"http://web:80\"",
    ),
    (
        "app/maxBodyMB",
        500,
        "app/maxBodyMB: pro ends request bodies at 100 MB, got 500. Upload in parts of at most 100 MB, or straight to object "
        "storage; enterprise lets 500 MB through.",
    ),
    (
        "tunnel/subnet",
        "10.80.4.0/24",
        'tunnel/subnet: a range outside the VPC\'s (10.80.0.0/16): machines could not tell the two apart, got "10.80.4.0/24"',
    ),
    (
        "tunnel/subnet",
        "172.17.1.0/24",
        "tunnel: subnet lies outside 172.17.0.0/16, from which Docker on the machines takes its networks",
    ),
    (
        "tunnel/subnet",
        "8.8.8.0/24",
        "tunnel: subnet is a private IPv4 range, below 10.0.0.0/8, 172.16.0.0/16 or 100.64.0.0/10: machines could not reach whoever else has its addresses",
    ),
    (
        "app/storage/0",
        "cache",
        'app/storage/0: a volume that the compose file declares under `volumes` (it has data), got "cache"',
    ),
    (
        "app/env/TAG",
        "latest",
        'app/compose/services/api/image: an image has a tag that stays what it is, not `latest`, got "ghcr.io/acme/api:latest". '
        "Pin a version or a digest, or list 'api' in app.allow.mutableImages.",
    ),
    (
        "app/env",
        {},
        "app/compose: the variable ${TAG} of the compose file has a value. Name it in app.env, app.secrets or app.generate, "
        "or write ${TAG:-default} in the compose file.",
    ),
    (
        "app/files",
        {},
        "app/compose/services/api/volumes: a bind mount's source is among app.files (Docker would mount an empty folder), "
        'got "./api/conf.d". Add api/conf.d to app.files.',
    ),
    (
        "app/registries",
        [{"server": "ghcr.io", "username": "bot"}],
        "app/registries/0: a registry other than ECR needs username and password (a secret's name)",
    ),
    (
        "app/registries",
        [{"server": "ghcr.io", "username": "bot", "password": "PW"}],
        'app/registries/0/password: a secret named in app.secrets or made by app.generate, got "PW". Add PW to app.secrets.',
    ),
    (
        "app/registries",
        [{"server": "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "username": "AWS"}],
        "app/registries/0: ECR is entered with the machine's role: leave out username and password",
    ),
    (
        "app/allow/mutableImages",
        ["db"],
        'app/allow/mutableImages/0: a service of the compose file (api, web, worker), got "db"',
    ),
    ("routes", [], "routes: at least one route, got []"),
    ("routes", {}, "routes: a list, got {}"),
    ("routes/0/access", None, "routes/0/access: this key is required"),
    (
        "routes/0/access",
        "amdins",
        'routes/0/access: `public` or an entry of access (there are public, admins), got "amdins"',
    ),
    (
        "routes/0/service",
        "http://app:80",
        "routes/0/service: no service 'app' in compose.yaml, it has web, api, worker, got \"http://app:80\"",
    ),
    (
        "routes/0/service",
        "http://worker:80",
        "routes/0/service: a routed service has a healthcheck in the compose file; 'worker' has none, "
        'got "http://worker:80". Without one a release cannot wait until it serves. Add `healthcheck`, or list it in app.allow.noHealthcheck.',
    ),
    (
        "routes/0/service",
        "http://web",
        'routes/0/service: a service names its port, as in http://nginx:80, got "http://web"',
    ),
    (
        "routes/0/service",
        "http://web:80/app",
        "routes/0/service: a service has no path: the connector cannot rewrite one; put the path in the "
        'route\'s `path`, got "http://web:80/app"',
    ),
    (
        "routes/0/service",
        "web:80",
        'routes/0/service: a service is http://NAME:PORT of a service in the compose file, or http_status:404, got "web:80"',
    ),
    (
        "routes/0/hostname",
        "app.other.com",
        'routes/0/hostname: a hostname of the zone example.com, got "app.other.com"',
    ),
    (
        "routes/0/hostname",
        "notexample.com",
        'routes/0/hostname: a hostname of the zone example.com, got "notexample.com"',
    ),
    (
        "routes/0/hostname",
        "bücher.example.com",
        'routes/0/hostname: write an internationalised hostname in its ASCII form, xn--bcher-kva.example.com, got "bücher.example.com"',
    ),
    (
        "routes/0/path",
        "/admin/*",
        'routes/1: a hostname and path have one route; routes/0 has them already, got "app.example.com /admin/*"',
    ),
    ("routes/1/path", "admin", 'routes/1/path: a path starts with /, got "admin"'),
    (
        "routes/1/path",
        "/a/*/b",
        'routes/1/path: a * stands only at the end of a path: /admin/* (it and all below) or /api/upload* (a prefix), got "/a/*/b"',
    ),
    ("routes/1/path", "/*", 'routes/1/path: leave out the path to mean the whole host, got "/*"'),
    (
        "routes/1/path",
        "/a/../b",
        'routes/1/path: a path has no empty and no dot segments: the edge normalises them away before rules see them, got "/a/../b"',
    ),
    (
        "routes/1/path",
        "/a%2fb",
        'routes/1/path: a path has letters, digits and -._~!$&\'()+,=:@/ only, not percent-encoding, queries, ; or spaces, got "/a%2fb"',
    ),
    ("routes/0/origin/connectTimeout", 30, f"routes/0/origin/connectTimeout: {DURATION}, got 30"),
    (
        "routes/0/origin/connectTimeout",
        "500ms",
        'routes/0/origin/connectTimeout: durations are whole seconds, got "500ms"',
    ),
    (
        "routes/0/origin/noTlsVerify",
        True,
        "routes/0/origin/noTlsVerify: a known key: connectTimeout, tlsTimeout, tcpKeepAlive, keepAliveTimeout, "
        "keepAliveConnections, noHappyEyeballs, httpHostHeader, originServerName, matchSNItoHost, caPool, noTLSVerify, "
        "disableChunkedEncoding, http2Origin, proxyType. Did you mean noTLSVerify?",
    ),
    (
        "access/admins/allow",
        {},
        "access/admins: an entry lets somebody in: name people under `allow`, or serviceTokens",
    ),
    (
        "access/admins/allow",
        {"ips": ["203.0.113.0/24"]},
        "access/admins: countries and ips alone ask nobody to log in: name people in `allow`, put these in `require`",
    ),
    (
        "access/admins/allow/emails/0",
        "Ops@example.com",
        "access/admins/allow/emails/0: an email address, in lower case (Access stores it so, and would "
        'show a change at every run), got "Ops@example.com"',
    ),
    (
        "access/admins/require",
        {"ips": ["203.0.113.7/24"]},
        "access/admins/require/ips/0: write the range in canonical form, 203.0.113.0/24 "
        '(the APIs store it so), got "203.0.113.7/24"',
    ),
    (
        "access/admins/providers",
        ["google"],
        'access/admins/providers/0: an entry of identityProviders (there are idp), got "google"',
    ),
    (
        "access/admins/mfa",
        "provider",
        "access/admins/mfa: `mfa: provider` names the providers, each of which reports how a person logged in. "
        "Use `mfa: true`, Cloudflare's own second factor, which works with every provider.",
    ),
    (
        "access/admins/autoRedirect",
        True,
        "access/admins: autoRedirect needs exactly one provider: with several, Access must let the visitor choose",
    ),
    (
        "access/admins/serviceTokens",
        ["ci"],
        "access/admins: people and serviceTokens do not share one entry: a machine cannot log in; make two entries",
    ),
    ("access/admins/session", "8", f'access/admins/session: {DURATION}, got "8"'),
    (
        "access/public",
        {"allow": {"everyone": True}},
        "access/public: `public` is a word of its own, no entry. Choose another name.",
    ),
    (
        "access/admins/allow/github",
        [{"organization": "acme", "provider": "idp"}],
        "access/admins/allow/github/0/provider: a provider of type github; 'idp' is oidc, got \"idp\"",
    ),
    (
        "identityProviders/idp",
        {"type": "github", "clientId": "x"},
        "identityProviders/idp: github needs clientId and clientSecret "
        "(a secret's name), or the id of an existing provider",
    ),
    (
        "identityProviders/idp",
        {"type": "oidc", "clientId": "x", "clientSecret": "S"},
        "identityProviders/idp: oidc needs authUrl, tokenUrl, certsUrl",
    ),
    (
        "firewall/rateLimits/0/per",
        "1h",
        'firewall/rateLimits/0/per: pro counts in windows of 10s, 15s, 20s, 30s, 40s, 45s, 1m, got "1h". '
        "The nearest is 1m; a longer window is the app's own affair.",
    ),
    (
        "firewall/rateLimits/0/hostname",
        "x.example.com",
        'firewall/rateLimits/0/hostname: a hostname of the routes, got "x.example.com"',
    ),
    (
        "firewall/rateLimits",
        [{"name": f"r{i}", "path": "/a", "requests": 1, "per": "10s"} for i in range(3)],
        "firewall/rateLimits: pro allows 2 rate limits, got 3. Join paths under a common prefix, or leave the rest to the app.",
    ),
    (
        "firewall/rules",
        [{"name": "a", "expression": 'http.host matches "x"'}],
        "firewall/rules/0/expression: regular expressions (`matches`) need a "
        "business plan, not pro. Use `wildcard` (with *), starts_with(), ends_with() or contains.",
    ),
    (
        "firewall/rules",
        [{"name": "a", "expression": "true", "action": "log"}],
        'firewall/rules/0/action: `log` needs an enterprise plan, got "log". Use managed_challenge or block.',
    ),
    (
        "firewall/rules",
        [{"name": f"r{i}", "expression": "true"} for i in range(20)],
        "firewall/rules: pro allows 20 custom rules (one of them guards paths on shared hosts), got 21. Join rules with `or`.",
    ),
    (
        "firewall/originVerify",
        {"header": "CF-Secret", "secret": "KEY"},
        "firewall/originVerify: Cloudflare keeps headers that begin with cf- or x-cf- to itself; choose another name",
    ),
    ("host/replicas", 13, "host/replicas: at most 12, got 13"),
    ("host/diskGiB", "big", 'host/diskGiB: a whole number, got "big"'),
    ("host/instanceType", "small", 'host/instanceType: an instance type such as t3.small, got "small"'),
    ("host/image", "ubuntu", 'host/image: an image id such as ami-0123456789abcdef0, got "ubuntu"'),
    ("host/bootTimeout", "3h", 'host/bootTimeout: bootTimeout is between 30s and 2h, got "3h"'),
    ("database/version", "14", "database/version: one of '15', '16', '17' or '18', got \"14\""),
    ("database/name", "postgres", "database: name 'postgres' is PostgreSQL's or RDS's own; choose another"),
    ("database/maxStorageGiB", 20, "database: maxStorageGiB is at least 10 % above storageGiB, or 0"),
    (
        "database/parameters",
        {"rds.force_ssl": "0"},
        "database: rds.force_ssl stays on: the database takes verified TLS alone",
    ),
    (
        "database/services",
        ["db"],
        'database/services/0: a service of the compose file (api, web, worker), got "db"',
    ),
    ("alerts/emails", [], "alerts/emails: a list that is not empty, got []"),
    (
        "network/vpcId",
        "vpc-0a",
        "network: vpcId needs publicSubnetIds and privateSubnetIds, at least two of each, in two zones",
    ),
    ("network/endpoint", "existing", "network: `endpoint: existing` and endpointSecurityGroupId go together"),
    (
        "network/zones",
        ["eu-west-1a", "ap-northeast-1c"],
        'network/zones/0: a zone of ap-northeast-1, got "eu-west-1a"',
    ),
    (
        "suppress",
        [{"rule": "flow-log", "resource": "*-vpc", "reason": "No budget for it."}],
        'suppress/0/rule: the id of a rule, as docs/posture.md lists them (did you mean flow-logs?), got "flow-log"',
    ),
    (
        "suppress",
        [{"rule": "flow-logs", "resource": "*-vpc", "reason": ""}],
        'suppress/0/reason: a sentence of 10 to 400 characters, got ""',
    ),
    ("suppress", [{"rule": "flow-logs", "resource": "*-vpc"}], "suppress/0/reason: this key is required"),
    (
        "suppress",
        [{"rule": "flow-logs", "resource": "*-vpc", "reason": "No budget for it.", "until": "soon"}],
        'suppress/0/until: a date such as 2027-03-31, got "soon"',
    ),
    ("secretDelivery", "email", "secretDelivery: one of 'cloud-init' or 'parameter-store', got \"email\""),
    ("protect", "maybe", 'protect: true or false, got "maybe"'),
]


@pytest.mark.parametrize(
    "place, value, line", SETTINGS, ids=[f"{place}-{i}" for i, (place, _, _) in enumerate(SETTINGS)]
)
def test_bad_setting_gives_its_one_error(place: str, value: Any, line: str) -> None:
    assert [str(item) for item in findings(changed(place, value))] == [line]


# (text of the compose file to replace, its replacement, the report's one line)
COMPOSES: list[tuple[str, str, str]] = [
    (
        "services:",
        "services: [",
        "app/compose: the compose file is YAML: expected ',' or ']', but got ':' (line 3)",
    ),
    (
        COMPOSE,
        "volumes: {}",
        "app/compose: the compose file has a mapping `services` with at least one service",
    ),
    (
        "    restart: always\n    healthcheck",
        "    restart: always\n    restart: always\n    healthcheck",
        "app/compose: the compose file is YAML: key 'restart' is there twice, first on line 4. Keep one of them. (line 5)",
    ),
    (
        "image: nginx:1.28.0",
        "image: nginx",
        'app/compose/services/web/image: an image has a tag that stays what it is, not `latest`, got "nginx". '
        "Pin a version or a digest, or list 'web' in app.allow.mutableImages.",
    ),
    (
        "image: nginx:1.28.0",
        "build: .",
        "app/compose/services/web/image: a service has an image. Build and push it in your pipeline; the machines pull, "
        "they do not build.",
    ),
    (
        "image: nginx:1.28.0",
        'image: nginx:1.28.0\n    ports: ["80:80"]',
        'app/compose/services/web/ports: a port is published on loopback or not at all, got "80:80". '
        "Remove it: the connector reaches services by the compose network; or bind it to 127.0.0.1.",
    ),
    (
        "image: nginx:1.28.0",
        "image: nginx:1.28.0\n    ports: [{target: 80, published: 80}]",
        "app/compose/services/web/ports: a port is published on loopback "
        'or not at all, got {"target": 80, "published": 80}. Remove it: the connector reaches services by the compose network; or bind it to 127.0.0.1.',
    ),
    (
        "image: ghcr.io/acme/worker:1",
        "image: ghcr.io/acme/worker:1\n    network_mode: host",
        "app/compose/services/worker/network_mode: a service does not share the host's network, "
        "where the machine's AWS credentials are, got \"host\". Use the compose network, or list 'worker' in app.allow.hostNetwork.",
    ),
    (
        "image: nginx:1.28.0",
        "image: nginx:1.28.0\n    env_file: prod.env",
        "app/compose/services/web/env_file: an env_file is .env, which Drawbridge writes, or one "
        'of app.files, got "prod.env". Write `env_file: .env`, or add prod.env to app.files.',
    ),
    (
        "image: nginx:1.28.0",
        "image: nginx:1.28.0\n    profiles: [x]",
        "routes/0/service: service 'web' has `profiles` and is not started by itself, got \"http://web:80\"",
    ),
    (
        "  data:\n",
        "  data: {external: true}\n",
        'app/storage/0: a volume that Drawbridge may place: without `external` and `driver_opts` in the compose file, got "data"',
    ),
    (
        "  worker:\n",
        "  worker:\n    networks: [back]\n",
        "app/private/worker: a private service says nothing of networks in the compose file: Drawbridge gives it its "
        "only one, got [\"back\"]. Remove `networks` and `network_mode` from 'worker', or separate it in the compose file alone.",
    ),
    (
        "volumes:\n  data:",
        "networks: {drawbridge: }\nvolumes:\n  data:",
        "app/compose/networks/drawbridge: this name is Drawbridge's. Choose another name.",
    ),
    (
        "  web:\n",
        "  web:\n    network_mode: none\n",
        "routes/0/service: a routed service is on the compose network; 'web' has `network_mode: none`, got "
        '"http://web:80". The connector could not find it.',
    ),
    (
        "  api:\n",
        "  m: {image: 'm:1', depends_on: {o: {condition: service_completed_successfully}}}\n  o: {image: 'o:1'}\n  n: {image: 'n:1', restart: always, depends_on: [o]}\n  api:\n",
        "app/compose/services/n/depends_on/o: 'o' runs once and ends before the others start: what waits for it waits for its end, got \"service_started\". "
        "Write `condition: service_completed_successfully`, or leave it out of app.once.",
    ),
    (
        'environment: {SECRET: "${SECRET}"',
        'environment: {PGHOST: db, SECRET: "${SECRET}"',
        "app/compose/services/api/environment/PGHOST: a service that gets the stack's "
        "database does not name another one. Write ${PGHOST} for its value, or leave it out; or list in database.services who does use the database.",
    ),
    (
        'URL: "${DATABASE_URL}"',
        'URL: "${DATABASE_URL}", DATABASE_URL: "postgres://a:b@db/c"',
        "app/compose/services/api/environment/DATABASE_URL: a service that gets the stack's "
        "database does not name another one. Write ${DATABASE_URL} for its value, or leave it out; or list in database.services who does use the database.",
    ),
    (
        "  worker:",
        "  cloudflared:",
        "app/compose/services/cloudflared: the connector is added by Drawbridge. Remove this service from the compose file.",
    ),
    (
        "services:",
        "include: [x.yaml]\nservices:",
        "app/compose: a compose file does not include others. Only this one file is put on the machines.",
    ),
    (
        "image: ghcr.io/acme/worker:1",
        "image: w:1\n    extends: {file: x.yaml, service: y}",
        "app/compose: service 'worker' does not extend another file. "
        "Only this one file is put on the machines.",
    ),
]


@pytest.mark.parametrize("old, new, line", COMPOSES, ids=range(len(COMPOSES)))
def test_bad_compose_file_gives_its_one_error(old: str, new: str, line: str) -> None:
    assert old in COMPOSE
    config = changed("app/private", {"worker": ["api"]}) if "private" in line else STACK
    assert [str(item) for item in findings(config, COMPOSE.replace(old, new, 1))] == [line]


def test_the_table_has_sixty_bad_files_and_more() -> None:
    assert len(SETTINGS) + len(COMPOSES) >= 60


def test_the_valid_stack_has_no_finding() -> None:
    assert findings(STACK) == []


OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"region": None}, "aws:region: the AWS region is set. pulumi config set aws:region ap-northeast-1"),
    ({"region": "tokyo"}, 'aws:region: an AWS region such as ap-northeast-1, got "tokyo"'),
    (
        {"stack": "Prod"},
        "stack: the project's and stack's names make a prefix of lower-case letters, digits and -, at most 41, got \"drawbridge-Prod\"",
    ),
    ({"secrets": None}, "secrets: a mapping of names to encrypted values"),
    (
        {"secrets": {"SECRET": True}, "plain_secrets": True},
        'secrets: every value is encrypted, got ["SECRET"]. Remove them from the file, set them with '
        "pulumi config set --secret --path 'drawbridge:secrets.NAME', and change them.",
    ),
    (
        {"secrets": {"SECRET": True, "SECRTE": True}},
        "secrets/SECRTE: a name of app.secrets or a provider's clientSecret. Did you mean SECRET?",
    ),
    (
        {"encrypted_sections": ["app"]},
        "app: encrypted values stand under drawbridge:secrets alone: elsewhere they would be taken for plain text. "
        "pulumi config set --secret --path 'drawbridge:secrets.NAME', and name it in app.",
    ),
    (
        {"secrets": {}, "previewing": False},
        "secrets/SECRET: this secret has no value. pulumi config set --secret --path 'drawbridge:secrets.SECRET'",
    ),
    (
        {"secrets": {"SECRET": False}, "previewing": False},
        "secrets/SECRET: this secret has no value. pulumi config set --secret --path 'drawbridge:secrets.SECRET'",
    ),
]


@pytest.mark.parametrize("options, line", OPTIONS, ids=range(len(OPTIONS)))
def test_bad_surroundings_give_their_one_error(options: dict[str, Any], line: str) -> None:
    assert [str(item) for item in findings(STACK, **options)] == [line]


@pytest.mark.parametrize(
    "size, delivery, refused",
    [(8192, "parameter-store", False), (8193, "parameter-store", True), (9000, "cloud-init", False)],
)
def test_a_secret_that_no_parameter_holds_is_refused_before_aws_refuses_it(
    size: int, delivery: str, refused: bool
) -> None:
    lines = [str(item) for item in findings(changed("secretDelivery", delivery), secrets={"SECRET": size})]
    expected = (
        "secrets/SECRET: a parameter of the parameter store has at most 8192 bytes (above 4096 it becomes an advanced one, which costs), "
        "got 8193. Split it into several, or keep it where the app can fetch it. secretDelivery: cloud-init takes it if all of the "
        "machine's cloud-init, packed, stays under 16 KB."
    )
    assert lines == ([expected] if refused else [])


def test_a_missing_secret_is_a_warning_in_a_preview() -> None:
    assert load_stack(STACK, secrets={}).warnings[-1] == (
        "secrets/SECRET: this secret has no value. pulumi config set --secret --path 'drawbridge:secrets.SECRET'"
    )


def test_all_errors_of_a_file_come_at_once_in_the_order_of_their_places() -> None:
    config = changed("cloudflare/plan", "gold")
    config["routes"] = [
        {"hostname": f"h{i}.example.com", "service": "http://nope:1", "access": "public"} for i in range(11)
    ]
    config["host"] = {"replicas": 0}
    with pytest.raises(SettingsError) as caught:
        load_stack(config)
    places = [item.path for item in caught.value.findings]
    assert places == ["cloudflare/plan", "host/replicas", *(f"routes/{i}/service" for i in range(11))]
    assert str(caught.value).splitlines()[0] == "13 problems in the stack file of 'test':"
