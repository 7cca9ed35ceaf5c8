"""Who is shut out."""

from __future__ import annotations

from tests.preview.scripted.base import DOWNTIME, IN_PLACE, MAYCAST, MEMBERAPI, Scripted, both, put

DOORS: tuple[Scripted, ...] = (
    Scripted(
        name="a public path asks for a login",
        edit=put("routes/2/access", "staff"),
        example=MEMBERAPI,
        verdict=DOWNTIME,
        says=(("tunnel-ingress", "asks for a login now"),),
    ),
    Scripted(
        name="a public host asks for a login",
        edit=put("routes/0/access", "admins"),
        example=MAYCAST,
        verdict=DOWNTIME,
        says=(("tunnel-ingress", "rec.example.com (ops@example.com"),),
    ),
    Scripted(
        name="a path of machines becomes one of people",
        edit=put("routes/3/access", "staff"),
        example=MEMBERAPI,
        engine=True,
        verdict=DOWNTIME,
        opens=(("login loosened", "memberapi.ose.tw/internal"),),
        says=(("tunnel-ingress", "machines are shut out: service token admin, service token mkt"),),
    ),
    Scripted(
        name="a token leaves its entry",
        edit=put("access/systems/serviceTokens", ["mkt"]),
        example=MEMBERAPI,
        verdict=DOWNTIME,
        says=(
            ("access-policy-systems", "service token admin"),
            ("access-token-admin", "refused from now on"),
        ),
    ),
    Scripted(
        name="another team",
        edit=put("cloudflare/team", "acme-new"),
        opens=(("check dropped", "admin.example.com/api/v1/admin"), ("check dropped", "models.example.com")),
        engine=True,
        verdict=DOWNTIME,
        says=(("tunnel-ingress", "every login is checked against the team acme-new"),),
    ),
    Scripted(
        name="fewer people",
        edit=put("access/admins/allow/emails", ["lead@example.com"]),
        engine=True,
        verdict=IN_PLACE,
        says=(("access-policy-admins", "no longer let in: ops@example.com"),),
        opens=(("login loosened", "access-policy-admins"),),
    ),
    Scripted(
        name="people must be in a country",
        edit=put("access/users/require", {"countries": ["JP"]}),
        verdict=IN_PLACE,
        says=(("access-policy-users", "must also be: from JP"),),
    ),
    Scripted(
        name="a second factor for everyone",
        edit=put("access/users/mfa", True),
        verdict=IN_PLACE,
        says=(("access-policy-users", "second factor"),),
    ),
    Scripted(
        name="one provider fewer",
        edit=both(
            put("access/users/providers", ["google", "pin"]),
            put("access/admins/providers", ["google", "pin"]),
        ),
        verdict=IN_PLACE,
        says=(("access-app-models.example.com", "who logs in by github is shut out"),),
    ),
    Scripted(
        name="a country is closed",
        edit=put("firewall/rules", [{"name": "closed", "expression": 'ip.src.country eq "KP"'}]),
        verdict=IN_PLACE,
        says=(("firewall-custom", 'refused where ip.src.country eq "KP"'),),
    ),
    Scripted(
        name="everything is blocked",
        edit=put("firewall/rules", [{"name": "closed", "expression": "true"}]),
        verdict=DOWNTIME,
        says=(("firewall-custom", "every request is refused"),),
    ),
    Scripted(
        name="a whole host must prove a browser",
        edit=put(
            "firewall/rules",
            [
                {
                    "name": "bots",
                    "expression": 'http.host eq "models.example.com"',
                    "action": "managed_challenge",
                }
            ],
        ),
        verdict=DOWNTIME,
        says=(("firewall-custom", "machines cannot"),),
    ),
    Scripted(
        name="newer TLS only",
        edit=put("firewall/zone/minTls", "1.3"),
        verdict=IN_PLACE,
        says=(("firewall-min-tls-version", "older than 1.3 are refused"),),
    ),
)
