"""What guards data, or tells of trouble, and goes; and what the database is told."""

from __future__ import annotations

from tests.preview.scripted.base import (
    AT_RISK,
    DOWNTIME,
    IN_PLACE,
    LOSS,
    NOTHING,
    REFUSED,
    ROLLING,
    UNKNOWN,
    Scripted,
    both,
    put,
)

GUARDS: tuple[Scripted, ...] = (
    Scripted(
        name="no protection",
        edit=put("protect", "false"),
        verdict=AT_RISK,
        changed=(("database-postgres", "updated", AT_RISK, ()), ("storage-files", "updated", AT_RISK, ())),
        says=(("database-postgres", "RDS no longer refuses"),),
    ),
    Scripted(
        name="no final snapshot",
        edit=NOTHING,
        verdict=AT_RISK,
        program=(
            "components/database.py",
            "skip_final_snapshot=not settings.final_snapshot",
            "skip_final_snapshot=True",
        ),
        changed=(("database-postgres", "updated", AT_RISK, ()),),
    ),
    Scripted(
        name="no backups of the files",
        edit=NOTHING,
        verdict=AT_RISK,
        program=("components/storage.py", '{"status": "ENABLED"}', '{"status": "DISABLED"}'),
        changed=(("storage-backup", "updated", AT_RISK, ()),),
    ),
    Scripted(
        name="backups go with the database",
        edit=NOTHING,
        verdict=AT_RISK,
        program=("components/database.py", "delete_automated_backups=False", "delete_automated_backups=True"),
    ),
    Scripted(
        name="no backups of the database",
        edit=NOTHING,
        engine=True,
        verdict=LOSS,
        program=(
            "components/database.py",
            "backup_retention_period=settings.backup_days",
            "backup_retention_period=0",
        ),
        says=(("database-postgres", "every automated backup is deleted"),),
    ),
    Scripted(
        name="nobody is told",
        edit=put("alerts", None),
        verdict=ROLLING,
        says=(("alerts-disk", "nobody is told any more"), ("alerts-tunnel", "nobody is told any more")),
    ),
    Scripted(
        name="no standby",
        base=put("database/multiAz", True),
        edit=put("database/multiAz", False),
        verdict=IN_PLACE,
        says=(("database-postgres", "no standby any more"),),
    ),
    Scripted(
        name="an input that nobody judged",
        edit=NOTHING,
        verdict=UNKNOWN,
        program=(
            "components/database.py",
            "publicly_accessible=False",
            'publicly_accessible=False, network_type="DUAL"',
        ),
        says=(("database-postgres", "networkType means is not known here"),),
    ),
    Scripted(
        name="fewer connections",
        base=put("database/parameters", {"max_connections": "200"}),
        edit=put("database/parameters", {"max_connections": "50"}),
        verdict=DOWNTIME,
        says=(("database-postgres16", "at the database's next restart"),),
    ),
    Scripted(
        name="a parameter that is read at the start",
        edit=put("database/parameters", {"shared_buffers": "65536"}),
        verdict=REFUSED,
        program=("components/database.py", '"apply_method": "pending-reboot"', '"apply_method": "immediate"'),
        says=(("database-postgres16", "with pending-reboot"),),
    ),
    Scripted(
        name="slow queries are logged",
        edit=put("database/parameters", {"log_min_duration_statement": "500"}),
        verdict=IN_PLACE,
        says=(("database-postgres16", "log_min_duration_statement: the default to 500"),),
    ),
    Scripted(
        name="another name of the instance",
        edit=NOTHING,
        verdict=DOWNTIME,
        program=("components/database.py", 'engine="postgres"', 'engine="postgres", identifier="main"'),
        says=(("database-postgres", "its endpoint changes"),),
    ),
    Scripted(
        name="a larger disk by a little",
        edit=both(put("database/storageGiB", 21)),
        verdict=IN_PLACE,
        says=(("database-postgres", "rounds it up to 10 %"),),
    ),
    Scripted(
        name="a generated value in another encoding",
        edit=put("app/generate/API_KEY/encoding", "base64url"),
        probed=True,
        verdict=LOSS,
        says=(("parameters-API_KEY", "written in another form"),),
    ),
    Scripted(
        name="a generated value in another encoding by cloud-init",
        base=put("secretDelivery", "cloud-init"),
        edit=both(put("app/generate/API_KEY/encoding", "base64"), put("secretDelivery", "cloud-init")),
        probed=True,
        verdict=LOSS,
        says=(("host-template", "API_KEY is written in another form"),),
    ),
)
