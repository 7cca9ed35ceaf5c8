"""Cloudflare's own client walks through the double: what it reads of each answer, printed as JSON.

.venv/emulated/bin/python client_walk.py http://127.0.0.1:PORT/client/v4
"""

import json
import sys
from typing import Any

from cloudflare import APIStatusError, Cloudflare
from cloudflare.types.rulesets.ruleset_create_response import Ruleset

ACCOUNT, ZONE = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
api = Cloudflare(base_url=sys.argv[1], api_token="a" * 40, max_retries=0, timeout=20)
seen: dict[str, Any] = {}


def shaped(answer: Any) -> Ruleset:
    """A ruleset by the client's own model: its methods may also give the plain object."""
    return Ruleset.model_validate(answer if isinstance(answer, dict) else answer.to_dict())


def error(call: Any) -> Any:
    """(status, code) of a call that is refused."""
    try:
        call()
    except APIStatusError as refusal:
        return [refusal.status_code, refusal.errors[0].code]
    return None


# A tunnel, its rules, its token.
tunnels = api.zero_trust.tunnels.cloudflared
tunnel = tunnels.create(account_id=ACCOUNT, name="t", config_src="cloudflare", tunnel_secret="c2VjcmV0" * 6)
seen["tunnel"] = [tunnel.name, tunnel.status, tunnel.tun_type, tunnel.account_tag]
seen["same name"] = error(lambda: tunnels.create(account_id=ACCOUNT, name="t"))
rules = [
    {"hostname": "a.example.com", "service": "http://web:80", "originRequest": {"connectTimeout": 30}},
    {"service": "http_status:404"},
]
config = tunnels.configurations.update(tunnel.id, account_id=ACCOUNT, config={"ingress": rules})
seen["no catch-all"] = error(
    lambda: tunnels.configurations.update(tunnel.id, account_id=ACCOUNT, config={"ingress": rules[:1]})
)
found = tunnels.configurations.get(tunnel.id, account_id=ACCOUNT)
seen["rules"] = [[rule.hostname or None, rule.service] for rule in found.config.ingress]
seen["config"] = [config.version, found.source, found.tunnel_id == tunnel.id]
seen["token"] = tunnels.token.get(tunnel.id, account_id=ACCOUNT)
seen["tunnel id"] = tunnel.id
seen["renamed"] = tunnels.edit(tunnel.id, account_id=ACCOUNT, name="t2").name

# Who may come in.
access = api.zero_trust.access
provider = api.zero_trust.identity_providers.create(
    account_id=ACCOUNT, name="github", type="github", config={"client_id": "i", "client_secret": "s"}
)
seen["provider"] = [provider.type, provider.config.client_id, provider.config.client_secret]
token = access.service_tokens.create(account_id=ACCOUNT, name="crm", duration="8760h")
seen["service token"] = [token.client_id.endswith(".access"), len(token.client_secret)]
again = access.service_tokens.get(token.id, account_id=ACCOUNT)
seen["service token again"] = [again.name, getattr(again, "client_secret", None)]
policy = access.policies.create(
    account_id=ACCOUNT, name="ops", decision="allow", include=[{"email": {"email": "ops@example.com"}}]
)
seen["policy"] = [policy.decision, policy.include[0].email.email, policy.reusable]
destinations = [
    {"type": "public", "uri": "a.example.com/admin"},
    {"type": "public", "uri": "a.example.com/admin/*"},
]
application = access.applications.create(
    account_id=ACCOUNT,
    name="admin",
    type="self_hosted",
    destinations=destinations,
    policies=[{"id": policy.id, "precedence": 1}],
)
seen["application"] = [len(application.aud), application.domain, application.policies[0].id == policy.id]
seen["policy in use"] = error(lambda: access.policies.delete(policy.id, account_id=ACCOUNT))
seen["policy's uses"] = access.policies.get(policy.id, account_id=ACCOUNT).app_count

# The zone.
record = {
    "zone_id": ZONE,
    "name": "a.example.com",
    "type": "CNAME",
    "content": f"{tunnel.id}.cfargotunnel.com",
    "proxied": True,
}
made = api.dns.records.create(**record, ttl=1)
seen["record"] = [made.name, made.proxied, made.ttl]
seen["same record"] = error(lambda: api.dns.records.create(**record, ttl=1))
seen["records"] = [entry.name for entry in api.dns.records.list(zone_id=ZONE)]
rule = {"action": "block", "expression": "true", "ref": "one", "description": "d", "enabled": True}
ruleset = shaped(
    api.rulesets.create(
        zone_id=ZONE, kind="zone", name="default", phase="http_request_firewall_custom", rules=[rule]
    )
)
seen["second entry point"] = error(
    lambda: api.rulesets.create(
        zone_id=ZONE, kind="zone", name="x", phase="http_request_firewall_custom", rules=[]
    )
)
other = {**rule, "ref": "two"}
changed = shaped(api.rulesets.update(ruleset.id, zone_id=ZONE, rules=[other, rule]))
seen["rules keep their ids"] = [
    changed.version,
    [entry.ref for entry in changed.rules],
    changed.rules[1].id == ruleset.rules[0].id,
    changed.rules[1].version,
]
seen["entry point"] = (
    shaped(api.rulesets.phases.get("http_request_firewall_custom", zone_id=ZONE)).id == ruleset.id
)
seen["no entry point"] = error(lambda: api.rulesets.phases.get("http_ratelimit", zone_id=ZONE))[0]
setting = api.zones.settings.edit("min_tls_version", zone_id=ZONE, value="1.2")
seen["setting"] = [setting.id, setting.value, api.zones.settings.get("min_tls_version", zone_id=ZONE).value]
paths = api.url_normalization.update(zone_id=ZONE, scope="both", type="cloudflare")
api.url_normalization.delete(zone_id=ZONE)
seen["paths"] = [paths.scope, api.url_normalization.get(zone_id=ZONE).scope]
notice = api.alerting.policies.create(
    account_id=ACCOUNT,
    name="tunnel",
    alert_type="tunnel_health_event",
    enabled=True,
    mechanisms={"email": [{"id": "ops@example.com"}]},
)
seen["notice"] = api.alerting.policies.get(notice.id, account_id=ACCOUNT).alert_type

# And all of it goes.
access.applications.delete(application.id, account_id=ACCOUNT)
access.policies.delete(policy.id, account_id=ACCOUNT)
access.service_tokens.delete(token.id, account_id=ACCOUNT)
api.zero_trust.identity_providers.delete(provider.id, account_id=ACCOUNT)
api.dns.records.delete(made.id, zone_id=ZONE)
api.rulesets.delete(ruleset.id, zone_id=ZONE)
api.alerting.policies.delete(notice.id, account_id=ACCOUNT)
tunnels.delete(tunnel.id, account_id=ACCOUNT)
seen["gone"] = error(lambda: tunnels.get(tunnel.id, account_id=ACCOUNT))[0]
print(json.dumps(seen))
