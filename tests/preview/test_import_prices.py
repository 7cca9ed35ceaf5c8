"""Prices from AWS's own price list. The files here have the shape of its offers, cut down to a few products."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from preview.resource_types.import_prices import ITEMS, main
from tests.evaluations import ROOT

NAMES = [
    "SKU",
    "OfferTermCode",
    "RateCode",
    "TermType",
    "PriceDescription",
    "EffectiveDate",
    "StartingRange",
    "EndingRange",
    "Unit",
    "PricePerUnit",
    "Currency",
    "LeaseContractLength",
    "PurchaseOption",
    "Product Family",
    "serviceCode",
    "Location",
    "Location Type",
    "Instance Type",
    "Tenancy",
    "Operating System",
    "License Model",
    "usageType",
    "operation",
    "CapacityStatus",
    "Database Engine",
    "Deployment Option",
    "Access Type",
    "Transfer Type",
    "To Location",
    "From Region Code",
    "Pre Installed S/W",
    "Region Code",
]
LINUX = {
    "Product Family": "Compute Instance",
    "Tenancy": "Shared",
    "Operating System": "Linux",
    "Pre Installed S/W": "NA",
    "CapacityStatus": "Used",
    "operation": "RunInstances",
}


def offer(code: str, *rows: dict[str, str]) -> str:
    """An offer as AWS writes it as CSV: five rows about the file, the names, then a row a price."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["FormatVersion", "v1.0"])
    writer.writerow(["Disclaimer", "This pricing list is for informational purposes only."])
    writer.writerow(["Publication Date", "2026-11-20T19:47:12Z"])
    writer.writerow(["Version", "20261120194712"])
    writer.writerow(["OfferCode", code])
    writer.writerow(NAMES)
    for number, row in enumerate(rows):
        data = {
            "SKU": f"SKU{number:013}",
            "TermType": "OnDemand",
            "StartingRange": "0",
            "EndingRange": "Inf",
            "Unit": "Hrs",
            "Currency": "USD",
            "Location Type": "AWS Region",
            "Region Code": "eu-central-1",
            **row,
        }
        writer.writerow([data.get(name, "") for name in NAMES])
    return text.getvalue()


def linux(kind: str, usd: str, **changes: str) -> dict[str, str]:
    return {
        **LINUX,
        "Instance Type": kind,
        "usageType": f"EUC1-BoxUsage:{kind}",
        "PricePerUnit": usd,
        **changes,
    }


def imported(folder: Path, *texts: str, region: str = "eu-central-1") -> dict[str, Any]:
    """The items of a region after an import of these files, without their sources."""
    files = []
    for number, text in enumerate(texts):
        file = folder / f"offer{number}"
        file.write_text(text, encoding="utf-8")
        files.append(str(file))
    assert main(files, folder / "prices") == 0
    data = json.loads((folder / "prices" / f"{region}.json").read_text())
    return {
        service: {item: usd for group in groups.values() for item, usd in group.items()}
        for service, groups in data["prices"].items()
    }


def test_machines_are_those_of_linux_on_shared_hardware(tmp_path: Path) -> None:
    text = offer(
        "AmazonEC2",
        linux("t3.small", "0.0240000000"),
        linux("t4g.small", "0.0192000000"),
        linux("t3.small", "0.0264000000", Tenancy="Dedicated", usageType="EUC1-DedicatedUsage:t3.small"),
        linux("t3.small", "0.0264000000", Tenancy="Dedicated"),
        linux(
            "t3.small", "0.0424000000", **{"Operating System": "Windows", "operation": "RunInstances:0002"}
        ),
        linux(
            "t3.small", "0.5000000000", **{"Pre Installed S/W": "SQL Std", "operation": "RunInstances:0004"}
        ),
        linux("t3.small", "0.0000000000", CapacityStatus="AllocatedCapacityReservation"),
        linux("t3.small", "0.0150000000", TermType="Reserved"),
        linux("t3.small", "0.0300000000", **{"Location Type": "AWS Local Zone"}),
        linux("t3.small", "0.1500000000", Currency="CNY"),
    )
    assert imported(tmp_path, text) == {"ec2": {"t3.small": 0.024, "t4g.small": 0.0192}}


def test_disks_gateways_and_their_units(tmp_path: Path) -> None:
    def row(usage: str, usd: str, unit: str, region: str = "EUC1-") -> dict[str, str]:
        return {"usageType": f"{region}{usage}", "PricePerUnit": usd, "Unit": unit}

    text = offer(
        "AmazonEC2",
        row("EBS:VolumeUsage.gp3", "0.0952", "GB-Mo"),
        row("EBS:VolumeUsage.piops", "0.149", "GB-Mo"),
        row("EBS:VolumeUsage", "0.059", "GB-Mo"),
        row("EBS:VolumeP-IOPS.gp3", "0.006", "IOPS-Mo"),
        row("EBS:VolumeP-Throughput.gp3", "48.7424", "GiBps-mo"),
        row("NatGateway-Hours", "0.052", "Hrs"),
        row("RegionalNatGateway-Hours", "0.052", "Hrs"),
        row("NatGateway-Bytes", "0.052", "GB"),
        row("NatGateway-Prvd-Bytes", "0.99", "GB"),
    )
    assert imported(tmp_path, text) == {
        "ebs": {"gp3": 0.0952, "gp3-iops": 0.006, "gp3-throughput": 0.0476, "io1": 0.149, "standard": 0.059},
        "nat": {"gb": 0.052, "hour": 0.052},
    }


def test_databases_with_and_without_a_standby_and_their_extended_support(tmp_path: Path) -> None:
    def row(
        usage: str, usd: str, option: str = "Single-AZ", engine: str = "PostgreSQL", **more: str
    ) -> dict[str, str]:
        return {
            "usageType": f"EUC1-{usage}",
            "PricePerUnit": usd,
            "Deployment Option": option,
            "Database Engine": engine,
            **more,
        }

    text = offer(
        "AmazonRDS",
        row("InstanceUsage:db.m6g.xl", "0.345", **{"Instance Type": "db.m6g.xlarge"}),
        row("Multi-AZUsage:db.m6g.xl", "0.690", "Multi-AZ", **{"Instance Type": "db.m6g.xlarge"}),
        row("InstanceUsage:db.m6g.xl", "0.333", engine="MySQL", **{"Instance Type": "db.m6g.xlarge"}),
        row(
            "Multi-AZUsage:db.m6g.xl",
            "1.1",
            "Multi-AZ (readable standbys)",
            **{"Instance Type": "db.m6g.xlarge"},
        ),
        row("RDS:GP3-Storage", "0.137"),
        row("RDS:GP3-Storage", "0.140", engine="SQL Server"),
        row("RDS:Multi-AZ-GP3-Storage", "0.274", "Multi-AZ", "Any"),
        row("RDS:GP3-PIOPS", "0.023"),
        row("RDS:ChargedBackupUsage", "0.103"),
        row("ExtendedSupport:Yr1-Yr2:PostgreSQL12", "0.122"),
        row("ExtendedSupport:Yr1-Yr2:PostgreSQL13", "0.122"),
        row("ExtendedSupport:Yr3:PostgreSQL11", "0.244"),
        row("ExtendedSupport:Yr1-Yr2:ASv2:AuroraPostgreSQL13", "0.104"),
        row("ExtendedSupport:Yr1-Yr2:MySQL5.7", "0.5"),
    )
    assert imported(tmp_path, text) == {
        "rds": {
            "backup": 0.103,
            "db.m6g.xlarge": 0.345,
            "db.m6g.xlarge multi-az": 0.69,
            "extended support": 0.122,
            "extended support year 3": 0.244,
            "gp3": 0.137,
            "gp3 multi-az": 0.274,
            "gp3-iops": 0.023,
        }
    }


def test_of_a_price_that_falls_with_the_amount_the_first_that_costs_anything(tmp_path: Path) -> None:
    def tier(start: str, usd: str) -> dict[str, str]:
        return {
            "SKU": "HQEH3ZWJVT46JHRG",
            "usageType": "EUC1-DataTransfer-Out-Bytes",
            "Transfer Type": "AWS Outbound",
            "To Location": "External",
            "From Region Code": "eu-central-1",
            "Region Code": "",
            "Location Type": "",
            "Unit": "GB",
            "StartingRange": start,
            "PricePerUnit": usd,
        }

    free = tier("0", "0.0000000000") | {"SKU": "GLOBAL", "usageType": "Global-DataTransfer-Out-Bytes"}
    between = tier("0", "0.02") | {
        "SKU": "OTHER",
        "To Location": "EU (Ireland)",
        "Transfer Type": "InterRegion Outbound",
    }
    text = offer(
        "AWSDataTransfer", free, tier("10240", "0.085"), tier("0", "0.09"), tier("153600", "0.05"), between
    )
    assert imported(tmp_path, text) == {"transfer": {"out": 0.09}}


def test_small_services_each_with_its_offer(tmp_path: Path) -> None:
    def one(code: str, usage: str, usd: str, unit: str, **more: str) -> str:
        return offer(code, {"usageType": usage, "PricePerUnit": usd, "Unit": unit, **more})

    found = imported(
        tmp_path,
        one("AmazonVPC", "EUC1-VpcEndpoint-Hours", "0.012", "Hrs"),
        one("AmazonEFS", "EUC1-ETDataAccess-Bytes", "0.036", "GB", **{"Access Type": "Read"}),
        one("AmazonEFS", "EUC1-ETDataAccess-Bytes", "0.072", "GB", **{"Access Type": "Write"}),
        one("AmazonCloudWatch", "EUC1-CW:AlarmMonitorUsage", "0.10", "Alarms"),
        one("AmazonCloudWatch", "EUC1-CW:HighResAlarmMonitorUsage", "0.30", "Alarms"),
        one("AmazonCloudWatch", "EUC1-CW:Requests", "0.00001", "Requests"),
        one("AWSBackup", "EUC1-WarmStorage-ByteHrs-EFS", "0.06", "GB-Month"),
        one("awskms", "eu-central-1-KMS-Keys", "1.00", "Keys"),
        one("AWSSecretsManager", "EUC1-AWSSecretsManager-Secrets", "0.40", "Secrets"),
        one("AWSSystemsManager", "EUC1-PS-Advanced-Param-Tier1", "0.0000684932", "Hour"),
    )
    assert found == {
        "backup": {"efs": 0.06},
        "cloudwatch": {"alarm": 0.1, "alarm-high-resolution": 0.3, "request": 0.00001},
        "efs": {"read": 0.036, "write": 0.072},
        "endpoint": {"hour": 0.012},
        "kms": {"key": 1.0},
        "parameters": {"advanced": 0.05000004},
        "secrets": {"secret": 0.4},
    }


def test_the_json_form_says_the_same(tmp_path: Path) -> None:
    def product(sku: str, kind: str, tenancy: str) -> dict[str, Any]:
        return {
            "sku": sku,
            "productFamily": "Compute Instance",
            "attributes": {
                "servicecode": "AmazonEC2",
                "location": "US East (N. Virginia)",
                "locationType": "AWS Region",
                "instanceType": kind,
                "tenancy": tenancy,
                "operatingSystem": "Linux",
                "preInstalledSw": "NA",
                "capacitystatus": "Used",
                "operation": "RunInstances",
                "usagetype": f"{'Box' if tenancy == 'Shared' else 'Dedicated'}Usage:{kind}",
                "regionCode": "us-east-1",
            },
        }

    def term(sku: str, usd: str) -> dict[str, Any]:
        dimension = {
            "rateCode": f"{sku}.JRTCKXETXF.6YS6EN2CT7",
            "description": "per On Demand Linux Instance Hour",
            "beginRange": "0",
            "endRange": "Inf",
            "unit": "Hrs",
            "pricePerUnit": {"USD": usd},
            "appliesTo": [],
        }
        return {
            f"{sku}.JRTCKXETXF": {"sku": sku, "priceDimensions": {f"{sku}.JRTCKXETXF.6YS6EN2CT7": dimension}}
        }

    document = {
        "formatVersion": "v1.0",
        "offerCode": "AmazonEC2",
        "version": "20261120194712",
        "publicationDate": "2026-11-20T19:47:12Z",
        "products": {"A": product("A", "t3.small", "Shared"), "B": product("B", "t3.small", "Dedicated")},
        "terms": {
            "OnDemand": {"A": term("A", "0.0208000000"), "B": term("B", "0.0220000000")},
            "Reserved": {"A": term("A", "0.0130000000")},
        },
    }
    assert imported(tmp_path, json.dumps(document, indent=2), region="us-east-1") == {
        "ec2": {"t3.small": 0.0208}
    }


def test_an_import_replaces_its_items_alone_and_names_its_source(tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    folder.mkdir()
    known = {
        "region": "eu-central-1",
        "sources": {
            "old": {"url": "https://a.example", "read": "2024"},
            "gone": {"url": "https://b.example", "read": "2023"},
        },
        "prices": {
            "ec2": {"old": {"t3.small": 0.1, "t3.large": 0.2}, "gone": {"t4g.small": 0.3}},
            "nat": {"old": {"hour": 0.05}},
        },
    }
    (folder / "eu-central-1.json").write_text(json.dumps(known))
    imported(
        tmp_path, offer("AmazonEC2", linux("t3.small", "0.0240000000"), linux("t4g.small", "0.0192000000"))
    )
    assert json.loads((folder / "eu-central-1.json").read_text()) == {
        "region": "eu-central-1",
        "sources": {
            "AmazonEC2 2026-11-20": {
                "url": "https://aws.amazon.com/ec2/pricing/on-demand/",
                "read": "AWS Price List, AmazonEC2 of 2026-11-20",
            },
            "old": {"url": "https://a.example", "read": "2024"},
        },
        "prices": {
            "ec2": {
                "AmazonEC2 2026-11-20": {"t3.small": 0.024, "t4g.small": 0.0192},
                "old": {"t3.large": 0.2},
            },
            "nat": {"old": {"hour": 0.05}},
        },
    }
    before = (folder / "eu-central-1.json").read_text()
    imported(
        tmp_path, offer("AmazonEC2", linux("t3.small", "0.0240000000"), linux("t4g.small", "0.0192000000"))
    )
    assert (folder / "eu-central-1.json").read_text() == before


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            offer("AmazonEC2", linux("t3.small", "0.02"), linux("t3.small", "0.03")),
            "AmazonEC2: expected one price of ec2 t3.small in eu-central-1, found 0.02, 0.03 "
            "(SKUs SKU0000000000000, SKU0000000000001); leave out the file, and report it",
        ),
        (offer("AmazonS3"), ": the table has nothing of AmazonS3; it takes AWSBackup, "),
        ("<html></html>", ": expected an offer of AWS's price list, JSON or CSV, found neither"),
        (
            '"FormatVersion","v1.0"\n"OfferCode","AmazonEC2"\n',
            ": expected a row of column names that begins with SKU, found none",
        ),
        ('{"offers": {}}', ": expected an offer file with products and terms, found none of 'offerCode'"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_and_nothing_is_written(
    text: str, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "offer"
    file.write_text(text)
    assert main([str(file)], tmp_path / "prices") == 1
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "prices").exists()


def test_a_missing_file_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "none.csv")], tmp_path) == 1
    assert "No such file" in capsys.readouterr().err


def test_the_page_names_every_offer() -> None:
    page = (ROOT / "docs" / "cost.md").read_text()
    assert {code for code in ITEMS if re.search(rf"\b{code}\b", page)} == set(ITEMS)
