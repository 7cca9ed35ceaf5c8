"""Each bad stack file gives the one right error: place, what was expected, what was found, the fix."""

from __future__ import annotations

from typing import Any

import pytest

from model.errors import SettingsError
from tests.model.stacks import COMPOSE, STACK, changed, findings, load_stack

# (place to change, new value or None to remove it, the report's one line)
SETTINGS: list[tuple[str, Any, str]] = [
    ("cloudflare", None, "cloudflare: required section is missing; add it"),
    ("routes", None, "routes: required section is missing; add it"),
    (
        "hots",
        {},
        "hots: unknown section; did you mean host?",
    ),
    ("cloudflare/accountId", None, "cloudflare.accountId: required key is missing; add it"),
    (
        "cloudflare/accountId",
        "xyz",
        'cloudflare.accountId: expected 32 hexadecimal digits, from the zone\'s overview page in the dashboard, found "xyz"',
    ),
    (
        "cloudflare/zoneID",
        "a",
        "cloudflare.zoneID: unknown key; did you mean zoneId?",
    ),
    (
        "cloudflare/plan",
        "gold",
        'cloudflare.plan: expected one of free, pro, business or enterprise, found "gold"',
    ),
    (
        "cloudflare/team",
        "acme.cloudflareaccess.com",
        'cloudflare.team: expected the team name alone, as in TEAM.cloudflareaccess.com, found "acme.cloudflareaccess.com"',
    ),
    (
        "cloudflare/zone",
        "Example.com",
        'cloudflare.zone: expected a lower-case DNS name such as app.example.com, or *.example.com, found "Example.com"',
    ),
    (
        "app/compose",
        "nope.yaml",
        "app.compose: file not found: nope.yaml; paths are relative to the folder of Pulumi.yaml",
    ),
    (
        "app/compose",
        "/etc/passwd",
        'app.compose: expected a relative path inside the project, without .., found "/etc/passwd"',
    ),
    (
        "app/files",
        {"api/conf.d/a.conf": "a.conf", "../x": "a.conf"},
        'app.files["../x"]: expected a relative path inside the project, without .., found "../x"',
    ),
    (
        "app/files",
        {"api/conf.d/a.conf": "a.conf", "./compose.yaml": "a.conf"},
        'app.files["./compose.yaml"]: expected the path in its plain form, compose.yaml, found "./compose.yaml"',
    ),
    (
        "app/files",
        {"api/conf.d/a.conf": "a.conf", ".env/x": "a.conf"},
        'app.files[".env/x"]: expected a name other than .env, compose.override.yaml, compose.override.yml, compose.yaml, docker-compose.override.yaml, docker-compose.override.yml, which Drawbridge writes or Compose merges unasked, found ".env/x"',
    ),
    (
        "app/files",
        {"api/conf.d/a.conf": "a.conf", "api/conf.d": "a.conf"},
        'app.files["api/conf.d"]: a file and a folder of this name: api/conf.d/a.conf lies in it; rename one of them',
    ),
    (
        "app/env/DEBUG",
        True,
        'app.env.DEBUG: expected text, found true; write it in quotes ("true"), or its spelling changes on the way',
    ),
    (
        "app/env/PGHOST",
        "x",
        "app.env.PGHOST: PGHOST is the database's, and set by Drawbridge; choose another name",
    ),
    (
        "app/env/TUNNEL_TOKEN",
        "x",
        "app.env.TUNNEL_TOKEN: TUNNEL_TOKEN is the connector's, and set by Drawbridge; choose another name",
    ),
    ("app/env/SECRET", "x", "app.secrets[0]: SECRET is in app.env too; name it once"),
    ("app/generate/KEY/bytes", 8, "app.generate.KEY.bytes: expected at least 16, found 8"),
    (
        "app/generate/KEY/encoding",
        "base32",
        'app.generate.KEY.encoding: expected one of hex, base64, base64url or letters, found "base32"; did you mean base64?',
    ),
    (
        "app/generate/KEY",
        {"encoding": "letters", "bytes": 32},
        "app.generate.KEY: letters are counted, not encoded; give length, not bytes",
    ),
    (
        "app/generate/KEY",
        {"length": 40},
        "app.generate.KEY: hex writes bytes (hex: two characters a byte); give bytes, not length",
    ),
    (
        "app/facts/X",
        "databseUrl",
        'app.facts.X.of[0]: expected one of connectorNetwork, hostnames, urls, websocketUrls, frontends, accessIssuer, region, databaseHost, databasePort, databaseName, databaseUser, databasePassword or databaseUrl, found "databseUrl"; did you mean databaseUrl?',
    ),
    (
        "app/facts/X",
        ["urls", "databaseUrl"],
        "app.facts.X: databaseUrl is one value and cannot be joined with others; give it a variable of its own, without `form`",
    ),
    ("app/facts/X", "frontends", "app.facts.X: app.frontends is empty; list the front ends there"),
    ("app/facts/TAG", "region", "app.facts.TAG: TAG is in app.env too; name it once"),
    (
        "app/frontends",
        ["https://app.pages.dev/"],
        'app.frontends[0]: expected an origin as browsers send it: https://HOST, in lower case, without a path or a / at the end, found "https://app.pages.dev/"',
    ),
    (
        "access/admins/crossSite",
        True,
        "access.admins.crossSite: app.frontends is empty; list there the origins that may send the login along, or leave crossSite out",
    ),
    (
        "app/private",
        {"db": ["api"]},
        'app.private.db: expected a service of compose.yaml (api, web, worker), found "db"',
    ),
    (
        "app/private",
        {"worker": ["db"]},
        'app.private.worker[0]: expected another service of compose.yaml (api, web, worker), found "db"',
    ),
    (
        "app/private",
        {"worker": []},
        "app.private.worker: expected at least one service that may reach it, found []; add one, or remove the entry",
    ),
    (
        "app/private",
        {"api": ["worker"]},
        'routes[1].service: expected a service that the connector may reach, found "api"; app.private lets only worker reach it: route to that, or take it out of app.private',
    ),
    (
        "app/once",
        ["migrate"],
        'app.once[0]: expected a service of compose.yaml (api, web, worker), found "migrate"',
    ),
    (
        "app/once",
        ["web"],
        'routes[0].service: expected a service that keeps running, found "web"; it runs once and ends: route to another, or take it out of app.once',
    ),
    (
        "app/maxBodyMB",
        500,
        "app.maxBodyMB: expected at most 100, the MB of a request body on the pro plan, found 500; upload in parts of at most 100 MB, or straight to object storage; enterprise lets 500 MB through",
    ),
    (
        "tunnel/subnet",
        "10.80.4.0/24",
        'tunnel.subnet: expected a range outside the VPC\'s (10.80.0.0/16), for machines could not tell the two apart, found "10.80.4.0/24"',
    ),
    (
        "tunnel/subnet",
        "172.17.1.0/24",
        'tunnel.subnet: expected a range outside 172.17.0.0/16, from which Docker on the machines takes its networks, found "172.17.1.0/24"',
    ),
    (
        "tunnel/subnet",
        "8.8.8.0/24",
        'tunnel.subnet: expected a private IPv4 range, below 10.0.0.0/8, 172.16.0.0/16 or 100.64.0.0/10, found "8.8.8.0/24"; choose one of these: machines could not reach whoever else has its addresses',
    ),
    (
        "app/storage/1",
        "cache",
        'app.storage[1]: expected a volume under `volumes` of compose.yaml (data), found "cache"',
    ),
    (
        "app/env/TAG",
        "latest",
        "compose.yaml:7 services.api.image: expected an image with a tag other than `latest`, found \"ghcr.io/acme/api:latest\"; pin a version or a digest in app.images.api, or list 'api' in app.allow.mutableImages",
    ),
    (
        "app/env",
        {},
        "compose.yaml:7: the variable ${TAG} has no value; name it in app.env, app.secrets or app.generate, or write ${TAG:-default}",
    ),
    (
        "app/files",
        {},
        'compose.yaml:11 services.api.volumes: expected a bind mount of one of app.files, found "./api/conf.d"; add api/conf.d to app.files: Docker would mount an empty folder',
    ),
    (
        "app/registries",
        [{"server": "ghcr.io", "username": "bot"}],
        "app.registries[0]: a registry other than ECR without username and password; add both (password is a secret's name)",
    ),
    (
        "app/registries",
        [{"server": "ghcr.io", "username": "bot", "password": "PW"}],
        'app.registries[0].password: expected a name of app.secrets or app.generate, found "PW"; add PW to app.secrets',
    ),
    (
        "app/registries",
        [{"server": "123456789012.dkr.ecr.eu-west-1.amazonaws.com", "username": "AWS"}],
        "app.registries[0]: the machines log in to ECR with their role; leave out username and password",
    ),
    (
        "app/allow/mutableImages",
        ["db"],
        'app.allow.mutableImages[0]: expected a service of compose.yaml (api, web, worker), found "db"',
    ),
    ("routes", [], "routes: expected at least one route, found []"),
    ("routes", {}, "routes: expected a list, found {}"),
    ("routes/0/access", None, "routes[0].access: required key is missing; add it"),
    (
        "routes/0/access",
        "amdins",
        'routes[0].access: expected an entry of access (public, admins), found "amdins"; did you mean admins?',
    ),
    (
        "routes/0/service",
        "http://app:80",
        'routes[0].service: expected a service of compose.yaml (web, api, worker), found "app"; did you mean api?',
    ),
    (
        "routes/0/service",
        "http://worker:80",
        "routes[0].service: expected a service with a healthcheck, for which a release waits, found \"worker\"; say it in app.healthchecks, or list 'worker' in app.allow.noHealthcheck",
    ),
    (
        "routes/0/service",
        "http://web",
        'routes[0].service: expected a service with its port, as in http://nginx:80, found "http://web"',
    ),
    (
        "routes/0/service",
        "http://web:80/app",
        'routes[0].service: expected http://NAME:PORT without a path, found "http://web:80/app"; the connector cannot rewrite paths: put it in the route\'s `path`',
    ),
    (
        "routes/0/service",
        "web:80",
        'routes[0].service: expected http://NAME:PORT of a service in the compose file, or http_status:404, found "web:80"',
    ),
    (
        "routes/0/hostname",
        "app.other.com",
        'routes[0].hostname: expected a hostname of the zone example.com, found "app.other.com"',
    ),
    (
        "routes/0/hostname",
        "notexample.com",
        'routes[0].hostname: expected a hostname of the zone example.com, found "notexample.com"',
    ),
    (
        "routes/0/hostname",
        "bücher.example.com",
        'routes[0].hostname: expected the hostname in its ASCII form, xn--bcher-kva.example.com, found "bücher.example.com"',
    ),
    (
        "routes/0/path",
        "/admin/*",
        'routes[1]: expected another hostname or path than those of routes[0], found "app.example.com/admin/*"; remove one of the two',
    ),
    ("routes/1/path", "admin", 'routes[1].path: expected a path that starts with /, found "admin"'),
    (
        "routes/1/path",
        "/a/*/b",
        'routes[1].path: expected a path with a * only at its end: /admin/* (it and all below) or /api/upload* (a prefix), found "/a/*/b"',
    ),
    (
        "routes/1/path",
        "/*",
        'routes[1].path: expected a path below /; for the whole host, leave `path` out, found "/*"',
    ),
    (
        "routes/1/path",
        "/a/../b",
        'routes[1].path: expected a path without empty and dot segments, which the edge normalises away before rules see them, found "/a/../b"',
    ),
    (
        "routes/1/path",
        "/a%2fb",
        'routes[1].path: expected a path of letters, digits and -._~!$&\'()+,=:@/, without percent-encoding, query, ; or spaces, found "/a%2fb"',
    ),
    (
        "routes/0/origin/connectTimeout",
        30,
        "routes[0].origin.connectTimeout: expected a duration: a number and a unit (s, m, h or d), as in 30s, 1m30s or 24h, found 30",
    ),
    (
        "routes/0/origin/connectTimeout",
        "500ms",
        'routes[0].origin.connectTimeout: expected a duration of whole seconds, found "500ms"',
    ),
    (
        "routes/0/origin/noTlsVerify",
        True,
        "routes[0].origin.noTlsVerify: unknown key; did you mean noTLSVerify?",
    ),
    (
        "access/admins/allow",
        {},
        "access.admins: this entry lets nobody in; name people under `allow`, or serviceTokens",
    ),
    (
        "access/admins/allow",
        {"ips": ["203.0.113.0/24"]},
        "access.admins.allow: countries and ips alone ask nobody to log in; name people in `allow`, and put these in `require`",
    ),
    (
        "access/admins/allow/emails/0",
        "Ops@example.com",
        'access.admins.allow.emails[0]: expected an email address in lower case, found "Ops@example.com"; Access stores it in lower case, and every run would show a change',
    ),
    (
        "access/admins/require",
        {"ips": ["203.0.113.7/24"]},
        'access.admins.require.ips[0]: expected the range in canonical form, 203.0.113.0/24, found "203.0.113.7/24"; the APIs store it in that form',
    ),
    (
        "access/admins/providers",
        ["google"],
        'access.admins.providers[0]: expected an entry of identityProviders (idp), found "google"',
    ),
    (
        "access/admins/mfa",
        "provider",
        "access.admins.mfa: `mfa: provider` without `providers`, each of which must report how a person logged in; name them, or use `mfa: true`, Cloudflare's own second factor, which works with every provider",
    ),
    (
        "access/admins/autoRedirect",
        True,
        "access.admins.providers: expected exactly one provider with autoRedirect, found []; with several, Access must let the visitor choose: leave autoRedirect out, or name one",
    ),
    (
        "access/admins/serviceTokens",
        ["ci"],
        "access.admins: people and serviceTokens in one entry: a program cannot log in; make two entries",
    ),
    (
        "access/admins/session",
        "8",
        'access.admins.session: expected a duration: a number and a unit (s, m, h or d), as in 30s, 1m30s or 24h, found "8"',
    ),
    (
        "access/public",
        {"allow": {"everyone": True}},
        "access.public: `public` is reserved for routes without a login; choose another name",
    ),
    (
        "access/admins/allow/github",
        [{"organization": "acme", "provider": "idp"}],
        "access.admins.allow.github[0].provider: expected a provider of type github, found \"idp\"; 'idp' is of type oidc",
    ),
    (
        "identityProviders/idp",
        {"type": "github", "clientId": "x"},
        "identityProviders.idp: a provider of type github without clientId and clientSecret; add both (clientSecret is a secret's name), or the `id` of an existing provider",
    ),
    (
        "identityProviders/idp",
        {"type": "oidc", "clientId": "x", "clientSecret": "S"},
        "identityProviders.idp: a provider of type oidc without authUrl, tokenUrl, certsUrl; add what is missing",
    ),
    (
        "firewall/rateLimits/0/per",
        "1h",
        'firewall.rateLimits[0].per: expected a window of the pro plan (10s, 15s, 20s, 30s, 40s, 45s, 1m), found "1h"; the nearest is 1m; longer windows are for the app to count',
    ),
    (
        "firewall/rateLimits/0/hostname",
        "x.example.com",
        'firewall.rateLimits[0].hostname: expected a hostname of the routes, found "x.example.com"',
    ),
    (
        "firewall/rateLimits",
        [{"name": f"r{i}", "path": "/a", "requests": 1, "per": "10s"} for i in range(3)],
        "firewall.rateLimits: expected at most 2 rate limits on the pro plan, found 3; join paths under a common prefix, or leave the rest to the app",
    ),
    (
        "firewall/rules",
        [{"name": "a", "expression": 'http.host matches "x"'}],
        "firewall.rules[0].expression: regular expressions (`matches`) need the business plan, and the zone's is pro; use `wildcard` (with *), starts_with(), ends_with() or contains",
    ),
    (
        "firewall/rules",
        [{"name": "a", "expression": "true", "action": "log"}],
        'firewall.rules[0].action: expected an action of the pro plan; `log` needs enterprise, found "log"; use managed_challenge or block',
    ),
    (
        "firewall/rules",
        [{"name": f"r{i}", "expression": "true"} for i in range(20)],
        "firewall.rules: expected at most 20 custom rules on the pro plan (one of them guards paths on shared hosts), found 21; join rules with `or`",
    ),
    (
        "firewall/originVerify",
        {"header": "CF-Secret", "secret": "KEY"},
        'firewall.originVerify.header: expected a header that does not begin with cf- or x-cf-, which Cloudflare keeps to itself, found "CF-Secret"; choose another name',
    ),
    ("host/replicas", 13, "host.replicas: expected at most 12, found 13"),
    ("host/diskGiB", "big", 'host.diskGiB: expected a whole number, found "big"'),
    (
        "host/instanceType",
        "small",
        'host.instanceType: expected an instance type such as t3.small, found "small"',
    ),
    (
        "host/image",
        "ubuntu",
        'host.image: expected an image id such as ami-0123456789abcdef0, found "ubuntu"',
    ),
    ("host/bootTimeout", "3h", 'host.bootTimeout: expected a duration between 30s and 2h, found "3h"'),
    ("database/version", "14", 'database.version: expected one of 15, 16, 17 or 18, found "14"'),
    (
        "database/name",
        "postgres",
        "database.name: expected a name that is not PostgreSQL's or RDS's own, found \"postgres\"; choose another",
    ),
    (
        "database/maxStorageGiB",
        20,
        "database.maxStorageGiB: expected at least 10 % above storageGiB (20), or 0, found 20",
    ),
    (
        "database/blueGreen",
        True,
        "database.blueGreen: expected false: RDS makes no blue/green deployment of a database whose master password it manages, found true; leave it out; multiAz: true keeps an update of the instance's class to a failover",
    ),
    (
        "database/parameters",
        {"rds.force_ssl": "0"},
        'database.parameters["rds.force_ssl"]: expected "1": the database takes verified TLS alone, found "0"; leave it out',
    ),
    (
        "database/services",
        ["db"],
        'database.services[0]: expected a service of compose.yaml (api, web, worker), found "db"',
    ),
    ("alerts/emails", [], "alerts.emails: expected a list that is not empty, found []"),
    (
        "network/vpcId",
        "vpc-0a",
        "network: vpcId without two subnets of each kind; add publicSubnetIds and privateSubnetIds, at least two of each, in two zones",
    ),
    (
        "network/egress",
        [{"port": 8443, "why": "the bank's API"}],
        'network.egress[0].why: expected a description of letters that EC2 takes: a-z, A-Z, 0-9, blanks and ._-:/()#,@[]+=&;{}!$*, found "the bank\'s API"',
    ),
    (
        "network/endpoint",
        "existing",
        "network: `endpoint: existing` and endpointSecurityGroupId go together, and one is missing; add or remove the other",
    ),
    (
        "network/zones",
        ["eu-west-1a", "ap-northeast-1c"],
        'network.zones[0]: expected a zone of ap-northeast-1, found "eu-west-1a"',
    ),
    (
        "suppress",
        [{"rule": "flow-log", "resource": "*-vpc", "reason": "No budget for it."}],
        'suppress[0].rule: expected the id of a rule in docs/posture.md, found "flow-log"; did you mean flow-logs?',
    ),
    (
        "suppress",
        [{"rule": "flow-logs", "resource": "*-vpc", "reason": ""}],
        'suppress[0].reason: expected a sentence of 10 to 400 characters, found ""',
    ),
    (
        "suppress",
        [{"rule": "flow-logs", "resource": "*-vpc"}],
        "suppress[0].reason: required key is missing; add it",
    ),
    (
        "suppress",
        [{"rule": "flow-logs", "resource": "*-vpc", "reason": "No budget for it.", "until": "soon"}],
        'suppress[0].until: expected a date such as 2027-03-31, found "soon"',
    ),
    (
        "secretDelivery",
        "email",
        'secretDelivery: expected one of cloud-init or parameter-store, found "email"',
    ),
    ("protect", "maybe", 'protect: expected true or false, found "maybe"'),
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
        "compose.yaml:3: not valid YAML: did not find expected ',' or ']'",
    ),
    (
        COMPOSE,
        "volumes: {}",
        "compose.yaml services: required key is missing; add it",
    ),
    (
        "    restart: always\n    healthcheck",
        "    restart: always\n    restart: always\n    healthcheck",
        "compose.yaml:5: not valid YAML: key 'restart' is there twice, first on line 4; keep one of them",
    ),
    (
        "image: nginx:1.28.0",
        "image: nginx",
        "compose.yaml:3 services.web.image: expected an image with a tag other than `latest`, found \"nginx\"; pin a version or a digest in app.images.web, or list 'web' in app.allow.mutableImages",
    ),
    (
        "image: nginx:1.28.0",
        "build: .",
        "compose.yaml:2 services.web: the service has no image; build and push it in your pipeline, and name it in app.images.web: the machines pull, they do not build",
    ),
    (
        "image: ghcr.io/acme/worker:1",
        "image: ghcr.io/acme/worker:1\n    network_mode: host",
        "compose.yaml:14 services.worker.network_mode: expected another network than the host's, where the machine's AWS credentials are, found \"host\"; use the compose network, or list 'worker' in app.allow.hostNetwork",
    ),
    (
        "image: nginx:1.28.0",
        "image: nginx:1.28.0\n    env_file: prod.env",
        'compose.yaml:4 services.web.env_file: expected .env, which Drawbridge writes, or one of app.files, found "prod.env"; write `env_file: .env`, or add prod.env to app.files',
    ),
    (
        "image: nginx:1.28.0",
        "image: nginx:1.28.0\n    profiles: [x]",
        'routes[0].service: expected a service that starts by itself, found "web"; add x to app.profiles, or remove its `profiles` in compose.yaml',
    ),
    (
        "  data:\n",
        "  data: {external: true}\n",
        'app.storage[0]: expected a volume without `external` and `driver_opts` in compose.yaml, found "data"; remove these: Drawbridge decides where the volume lies',
    ),
    (
        "  worker:\n",
        "  worker:\n    networks: [default]\n",
        "compose.yaml:13 services.worker.networks: expected no network of its own, for app.private gives this service its only one, found [\"default\"]; remove `networks` and `network_mode` from 'worker', or take it out of app.private",
    ),
    (
        "volumes:\n  data:",
        "networks: {drawbridge: }\nvolumes:\n  data:",
        "compose.yaml:15 networks.drawbridge: Drawbridge has a network of this name; choose another name",
    ),
    (
        "  web:\n",
        "  web:\n    network_mode: none\n",
        'routes[0].service: expected a service on the compose network, where the connector is, found "web"; remove `network_mode: none` in compose.yaml',
    ),
    (
        "  api:\n",
        "  m: {image: 'm:1', depends_on: {o: {condition: service_completed_successfully}}}\n  o: {image: 'o:1'}\n  n: {image: 'n:1', restart: always, depends_on: [o]}\n  api:\n",
        "compose.yaml:8 services.n.depends_on.o: expected `condition: service_completed_successfully`, for 'o' runs once and ends before the others start, found \"service_started\"; write that, or leave 'o' out of app.once",
    ),
    (
        'environment: {SECRET: "${SECRET}"',
        'environment: {PGHOST: db, SECRET: "${SECRET}"',
        "compose.yaml:9 services.api.environment.PGHOST: the service gets the stack's database, and this value of PGHOST would win; write ${PGHOST} for its value, or leave it out; or list in database.services who does use the database",
    ),
    (
        'URL: "${DATABASE_URL}"',
        'URL: "${DATABASE_URL}", DATABASE_URL: "postgres://a:b@db/c"',
        "compose.yaml:9 services.api.environment.DATABASE_URL: the service gets the stack's database, and this value of DATABASE_URL would win; write ${DATABASE_URL} for its value, or leave it out; or list in database.services who does use the database",
    ),
    (
        "  worker:",
        "  cloudflared:",
        "compose.yaml:12 services.cloudflared: Drawbridge adds the connector itself; remove this service",
    ),
    (
        "services:",
        "include: [x.yaml]\nservices:",
        "compose.yaml:1 include: only this one file is put on the machines; write what it includes into it",
    ),
    (
        "image: ghcr.io/acme/worker:1",
        "image: w:1\n    extends: {file: x.yaml, service: y}",
        "compose.yaml:14 services.worker.extends: only this one file is put on the machines; write what the service extends into it",
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
    ({"region": None}, "aws:region: the AWS region is not set; pulumi config set aws:region ap-northeast-1"),
    (
        {"region": "eusc-de-east-1"},
        'aws:region: expected a region of AWS\'s commercial, Chinese or US government partition, found "eusc-de-east-1"; others have domains of their own, which Drawbridge does not know',
    ),
    (
        {"region": "us-west-1"},
        "network.zones: the two zones are not set: an account sees two of the three in us-west-1, and others see another two; aws ec2 describe-availability-zones --region us-west-1 --query 'AvailabilityZones[].ZoneName'",
    ),
    (
        {"region": "ca-west-1"},
        'database.instanceClass: expected a class that RDS has in ca-west-1, found "db.t4g.micro"; use db.t3.micro',
    ),
    ({"region": "tokyo"}, 'aws:region: expected an AWS region such as ap-northeast-1, found "tokyo"'),
    (
        {"stack": "Prod"},
        'Pulumi.yaml name: expected PROJECT-STACK of lower-case letters, digits and -, at most 41, a letter first, found "drawbridge-Prod"; every resource\'s name begins with it: rename the project or the stack',
    ),
    ({"secrets": None}, "secrets: expected a mapping of names to encrypted values"),
    (
        {"secrets": {"SECRET": True}, "plain_secrets": True},
        "secrets: values in plain text; remove SECRET from the file, set them with pulumi config set --secret --path 'drawbridge:secrets.NAME', and change them",
    ),
    (
        {"secrets": {"SECRET": True, "SECRTE": True}},
        'secrets.SECRTE: expected a name of app.secrets or a provider\'s clientSecret, found "SECRTE"; did you mean SECRET?',
    ),
    (
        {"encrypted_sections": ["app"]},
        "app: encrypted values outside of secrets would be taken for plain text; pulumi config set --secret --path 'drawbridge:secrets.NAME', and name it in app",
    ),
    (
        {"secrets": {}, "previewing": False},
        "secrets.SECRET: this secret has no value; pulumi config set --secret --path 'drawbridge:secrets.SECRET'",
    ),
    (
        {"secrets": {"SECRET": False}, "previewing": False},
        "secrets.SECRET: this secret has no value; pulumi config set --secret --path 'drawbridge:secrets.SECRET'",
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
        "secrets.SECRET: expected at most 8192 bytes, as many as a parameter holds (above 4096 it becomes an advanced one, which "
        "costs), found 8193; split it into several, or keep it where the app can fetch it; `secretDelivery: cloud-init` takes it "
        "if all of the machine's cloud-init, packed, stays under 16 KB"
    )
    assert lines == ([expected] if refused else [])


def test_a_missing_secret_is_a_warning_in_a_preview() -> None:
    assert load_stack(STACK, secrets={}).warnings[-1] == (
        "secrets.SECRET: this secret has no value; pulumi config set --secret --path 'drawbridge:secrets.SECRET'"
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
    assert places == ["cloudflare.plan", "host.replicas", *(f"routes[{i}].service" for i in range(11))]
    assert str(caught.value).splitlines()[0] == "13 errors in the settings of stack 'test':"
