"""What the machines are told: whether a release serves throughout, and what the new machines no longer see."""

from __future__ import annotations

from tests.preview.scripted.base import (
    DOWNTIME,
    HIPSTER,
    LOSS,
    MAYCAST,
    MEMBERAPI,
    NOTHING,
    ROLLING,
    UNKNOWN,
    Scripted,
    both,
    put,
)

COMPOSE = "examples/image2model/compose.yaml"
WAIT = "examples/memberapi/compose.yaml"

MACHINES: tuple[Scripted, ...] = (
    Scripted(
        name="another role",
        edit=put("database/role", "owner"),
        verdict=ROLLING,
        says=(("host-group", "hands it all that image2model owns"),),
    ),
    Scripted(
        name="another database name and role",
        edit=both(put("database/name", "models"), put("database/role", "owner")),
        verdict=LOSS,
        says=(("host-group", "which is empty"),),
    ),
    Scripted(
        name="a volume gets another name",
        edit=put("app/storage", ["files"]),
        verdict=LOSS,
        program=(COMPOSE, "uploads:", "files:"),
        says=(("host-group", "uploads leaves EFS"),),
    ),
    Scripted(
        name="a host directory in place of the volume",
        edit=both(
            put("app/allow", {"machine": ["backend"]}),
            put("app/scratch", ["backend:/app/uploads", "redis:/data"]),
        ),
        opens=(("container", "backend"),),
        verdict=LOSS,
        program=(COMPOSE, "      - uploads:/app/uploads", "      - /srv/elsewhere:/app/uploads"),
        says=(("host-group", "backend gets /srv/elsewhere in its place"),),
    ),
    Scripted(
        name="nobody mounts the volume any more",
        edit=NOTHING,
        verdict=LOSS,
        program=(COMPOSE, "    volumes:\n      - uploads:/app/uploads\n", ""),
        says=(("host-group", "backend no longer has it"),),
    ),
    Scripted(
        name="the volume at another path",
        edit=NOTHING,
        verdict=UNKNOWN,
        program=(COMPOSE, "uploads:/app/uploads", "uploads:/data/uploads"),
    ),
    Scripted(
        name="no health check of a routed service",
        edit=put("app/allow", {"noHealthcheck": ["nginx"]}),
        verdict=DOWNTIME,
        program=(
            COMPOSE,
            '      test: [CMD, wget, -qO-, "http://127.0.0.1/nginx-health"]\n',
            "      disable: true\n",
        ),
        says=(("host-group", "nginx has no health check any more"),),
    ),
    Scripted(
        name="another health check of a routed service",
        edit=NOTHING,
        verdict=ROLLING,
        program=(COMPOSE, '"http://127.0.0.1/nginx-health"', '"http://127.0.0.1/health"'),
        says=(("host-group", "another health check of nginx"),),
    ),
    Scripted(
        name="a hook that lets unhealthy machines pass",
        edit=put("app/env/RELEASE", "v2.4.0"),
        verdict=DOWNTIME,
        program=("components/host.py", '"default_result": "ABANDON"', '"default_result": "CONTINUE"'),
        says=(("host-group", "never became healthy"),),
    ),
    Scripted(
        name="a release that nobody waits for",
        edit=put("app/env/RELEASE", "v2.4.0"),
        verdict=DOWNTIME,
        program=(
            "components/host.py",
            'wait_for_capacity_timeout=f"{wait}s"',
            'wait_for_capacity_timeout="0"',
        ),
        says=(("host-group", "nobody waits for"),),
    ),
    Scripted(
        name="migrations are left to the app",
        edit=put("app/once", []),
        example=MEMBERAPI,
        verdict=ROLLING,
        says=(("host-group", "schema is no longer run once"),),
    ),
    Scripted(
        name="smaller uploads",
        edit=NOTHING,
        verdict=DOWNTIME,
        program=(
            "examples/image2model/nginx/default.conf",
            "client_max_body_size 100m",
            "client_max_body_size 10m",
        ),
        says=(("host-group", "larger uploads are refused"),),
    ),
    Scripted(
        name="another port of a routed service",
        edit=both(put("routes/0/service", "http://nginx:8080"), put("app/env/RELEASE", "v2.4.0")),
        verdict=DOWNTIME,
        program=("examples/image2model/compose.yaml", "nginx:1.28.0-alpine", "nginx:1.28.1-alpine"),
        says=(("tunnel-ingress", "may not have"),),
    ),
    Scripted(
        name="a rotated origin header",
        edit=put("app/generate/ORIGIN_VERIFY_SECRET/rotation", "2"),
        example=HIPSTER,
        verdict=DOWNTIME,
        says=(("firewall-verify", "for about a minute"),),
    ),
    Scripted(
        name="another origin header",
        edit=put("firewall/originVerify/header", "X-Edge"),
        example=HIPSTER,
        opens=(("rule weakened", "firewall-verify"),),
        engine=True,
        verdict=DOWNTIME,
        says=(("firewall-verify", "refuse every request"),),
    ),
    Scripted(
        name="no origin header",
        edit=put("firewall/originVerify", None),
        example=HIPSTER,
        opens=(("rule weakened", "firewall-verify"),),
        engine=True,
        verdict=DOWNTIME,
        says=(("firewall-verify", "no longer sent"),),
    ),
    Scripted(
        name="a first origin header",
        edit=both(
            put("app/generate", {"ORIGIN_SECRET": {"bytes": 32}}),
            put("firewall/originVerify", {"header": "X-Origin", "secret": "ORIGIN_SECRET"}),
        ),
        example=MAYCAST,
        verdict=ROLLING,
    ),
    Scripted(
        name="the database admits another group",
        edit=NOTHING,
        opens=(("egress", "network-database-out"), ("port", "network-database-in")),
        engine=True,
        verdict=DOWNTIME,
        program=(
            "components/database.py",
            "source=network.workload_group.id, target=group.id",
            "source=group.id, target=group.id",
        ),
        says=(("network-database-in", "no longer pass"),),
    ),
)
