"""What AWS or Cloudflare refuses, so that `pulumi up` stops half way."""

from __future__ import annotations

from tests.preview.scripted.base import DOWNTIME, NOTHING, REFUSED, UNKNOWN, Scripted, both, put

REFUSALS: tuple[Scripted, ...] = (
    Scripted(
        name="an earlier PostgreSQL",
        edit=put("database/version", "15"),
        verdict=REFUSED,
        changed=(("database-postgres", "updated", REFUSED, ()),),
        says=(("database-postgres", "does not go back"),),
    ),
    Scripted(
        name="an old database class",
        edit=put("database/instanceClass", "db.t2.small"),
        verdict=DOWNTIME,
        says=(("database-postgres", "RDS has no db.t2 for PostgreSQL 16"),),
    ),
    Scripted(
        name="a database class that the family does not have",
        edit=put("database/instanceClass", "db.t4g.4xlarge"),
        verdict=DOWNTIME,
        says=(("database-postgres", "RDS has no db.t4g.4xlarge"),),
    ),
    Scripted(
        name="a smaller database disk and a larger class",
        base=put("database/storageGiB", 40),
        edit=both(put("database/storageGiB", 20), put("database/instanceClass", "db.t4g.small")),
        verdict=DOWNTIME,
        says=(("database-postgres", "cannot make storage smaller"), ("database-postgres", "restarts")),
    ),
    Scripted(
        name="iops below the size that takes them",
        edit=NOTHING,
        verdict=REFUSED,
        program=("components/database.py", 'storage_type="gp3"', 'storage_type="gp3", iops=4000'),
        says=(("database-postgres", "neither iops"),),
    ),
    Scripted(
        name="provisioned disks without their iops",
        edit=NOTHING,
        verdict=REFUSED,
        program=("components/database.py", 'storage_type="gp3"', 'storage_type="io2"'),
        says=(("database-postgres", "io2 wants iops"),),
    ),
    Scripted(
        name="another subnet of the network for the database",
        edit=put("network/zones", ["ap-northeast-1c", "ap-northeast-1d"]),
        verdict=DOWNTIME,
        changed=(("database-subnets", "updated", REFUSED, ()),),
        says=(
            ("network-private-0", "until that is gone"),
            ("storage-0", "until the old one is gone"),
            ("database-subnets", "RDS does not move it"),
        ),
    ),
    Scripted(
        name="another range of the network",
        edit=put("network/cidr", "10.90.0.0/16"),
        verdict=DOWNTIME,
        says=(("storage-0", "targets in one network"), ("database-subnets", "RDS does not move it")),
    ),
    Scripted(
        name="a narrower range of the network",
        edit=put("network/cidr", "10.80.0.0/20"),
        verdict=DOWNTIME,
        says=(("database-subnets", "RDS does not move it"),),
    ),
    Scripted(
        name="an adopted network",
        edit=put(
            "network",
            {
                "vpcId": "vpc-0a1b2c3d",
                "publicSubnetIds": ["subnet-0a", "subnet-0b"],
                "privateSubnetIds": ["subnet-0c", "subnet-0d"],
            },
        ),
        verdict=DOWNTIME,
        says=(("storage-0", "targets in one network"), ("database-subnets", "RDS does not move it")),
    ),
    Scripted(
        name="a disk that the image does not fit on",
        edit=NOTHING,
        verdict=REFUSED,
        program=("components/host.py", '"volume_size": self._settings.disk_gib', '"volume_size": 6'),
        says=(("host-template", "Ubuntu's image has 8 GiB"),),
    ),
    Scripted(
        name="another architecture and the image of the former one",
        base=put("host/image", "ami-0123456789abcdef0"),
        edit=put("host/instanceType", "t4g.medium"),
        verdict=REFUSED,
        says=(("host-template", "cannot start from the image"),),
    ),
    Scripted(
        name="another architecture under a program that keeps the image",
        edit=put("host/instanceType", "m7g.large"),
        verdict=REFUSED,
        program=("components/host.py", 'replace_on_changes=["description"]', "replace_on_changes=[]"),
        says=(("host-template", "cannot start from the image"),),
    ),
    Scripted(
        name="another architecture",
        edit=put("host/instanceType", "t4g.medium"),
        verdict=UNKNOWN,
        changed=(("host-template", "replaced", UNKNOWN, ("description",)),),
        says=(("host-template", "whether every image of the app exists for arm64"),),
    ),
    Scripted(
        name="an entry point of a phase that does not give way",
        edit=put("cloudflare/zoneId", "0123456789abcdef0123456789abcde0"),
        verdict=DOWNTIME,
    ),
)
