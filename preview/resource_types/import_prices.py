"""Fill the regions' price files from AWS's own price list: `python -m preview.resource_types.import_prices FILE…`

The files are offers of the AWS Price List Bulk API, which needs no account, as JSON or (smaller, read row by row) CSV:

    https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current/eu-central-1/index.csv

`docs/cost.md` names the offers. A price replaces what the table had of the same item, with the offer and its day as the source;
what no file names stays. Format: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-price-list-bulk-api.html
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from preview.resource_types.prices import REGIONS, general

_PAGES = {
    "AmazonEC2": "https://aws.amazon.com/ec2/pricing/on-demand/",
    "AmazonVPC": "https://aws.amazon.com/vpc/pricing/",
    "AmazonRDS": "https://aws.amazon.com/rds/postgresql/pricing/",
    "AmazonEFS": "https://aws.amazon.com/efs/pricing/",
    "AmazonCloudWatch": "https://aws.amazon.com/cloudwatch/pricing/",
    "AWSBackup": "https://aws.amazon.com/backup/pricing/",
    "AWSDataTransfer": "https://aws.amazon.com/ec2/pricing/on-demand/",
    "AWSSecretsManager": "https://aws.amazon.com/secrets-manager/pricing/",
    "AWSSystemsManager": "https://aws.amazon.com/systems-manager/pricing/",
    "awskms": "https://aws.amazon.com/kms/pricing/",
}

# Usage types begin with the region's own short name (`EUC1-`, or `eu-central-1-` of keys), except in us-east-1.
_REGION = r"(?:[A-Z]{2,4}\d{0,2}-|[a-z]{2}(?:-[a-z]+)+-\d+-)?"


class PriceListError(Exception):
    """A file that is no offer of AWS's price list, or one that gives two prices for one thing."""


@dataclass(frozen=True)
class Offered:
    """A price in an offer: USD for one ``unit`` from ``start`` units on; ``attributes`` by their names in small letters alone."""

    sku: str
    usd: float
    unit: str
    start: float
    attributes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Item:
    """Which of an offer's prices is an item of the table, and how it is written there."""

    service: str
    item: str
    usage: str
    """The usage type without the region's short name, as a regular expression; its group is put in the place of `{}`."""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What further attributes must say."""
    named_by: str = ""
    """The attribute that is put in the place of `{}`, where the usage type abbreviates it."""


_HOURS = 730
_POSTGRES = {"databaseengine": ("PostgreSQL",)}
_ANY_ENGINE = {"databaseengine": ("PostgreSQL", "Any", "")}
_LINUX = {
    "tenancy": ("Shared",),
    "operatingsystem": ("Linux",),
    "preinstalledsw": ("NA",),
    "capacitystatus": ("Used",),
    "operation": ("RunInstances",),
}

ITEMS: Mapping[str, tuple[Item, ...]] = {
    "AmazonEC2": (
        Item(service="ec2", item="{}", usage=r"BoxUsage(?::.+)?", attributes=_LINUX, named_by="instancetype"),
        Item(service="ebs", item="{}", usage=r"EBS:VolumeUsage\.(gp2|gp3|io2|st1|sc1)"),
        Item(service="ebs", item="io1", usage=r"EBS:VolumeUsage\.piops"),
        Item(service="ebs", item="standard", usage=r"EBS:VolumeUsage"),
        Item(service="ebs", item="{}-iops", usage=r"EBS:VolumeP-IOPS\.(gp3|io2)"),
        Item(service="ebs", item="io1-iops", usage=r"EBS:VolumeP-IOPS\.piops"),
        Item(service="ebs", item="gp3-throughput", usage=r"EBS:VolumeP-Throughput\.gp3"),
        Item(service="nat", item="hour", usage=r"NatGateway-Hours"),
        Item(service="nat", item="gb", usage=r"NatGateway-Bytes"),
    ),
    "AmazonVPC": (
        Item(service="endpoint", item="hour", usage=r"VpcEndpoint-Hours"),
        Item(service="endpoint", item="gb", usage=r"VpcEndpoint-Bytes"),
        Item(service="ipv4", item="address", usage=r"PublicIPv4:InUseAddress"),
    ),
    "AmazonRDS": (
        Item(
            service="rds", item="{}", usage=r"InstanceUsage:.+", attributes=_POSTGRES, named_by="instancetype"
        ),
        Item(
            service="rds",
            item="{} multi-az",
            usage=r"Multi-AZUsage:.+",
            attributes={**_POSTGRES, "deploymentoption": ("Multi-AZ",)},
            named_by="instancetype",
        ),
        Item(service="rds", item="gp2", usage=r"RDS:GP2-Storage", attributes=_ANY_ENGINE),
        Item(service="rds", item="gp2 multi-az", usage=r"RDS:Multi-AZ-GP2-Storage", attributes=_ANY_ENGINE),
        Item(service="rds", item="gp3", usage=r"RDS:GP3-Storage", attributes=_ANY_ENGINE),
        Item(service="rds", item="gp3 multi-az", usage=r"RDS:Multi-AZ-GP3-Storage", attributes=_ANY_ENGINE),
        Item(service="rds", item="io1", usage=r"RDS:PIOPS-Storage", attributes=_ANY_ENGINE),
        Item(service="rds", item="io2", usage=r"RDS:PIOPS-Storage-IO2", attributes=_ANY_ENGINE),
        Item(service="rds", item="gp3-iops", usage=r"RDS:GP3-PIOPS", attributes=_ANY_ENGINE),
        Item(service="rds", item="io1-iops", usage=r"RDS:PIOPS", attributes=_ANY_ENGINE),
        Item(service="rds", item="io2-iops", usage=r"RDS:IO2-PIOPS", attributes=_ANY_ENGINE),
        Item(service="rds", item="gp3-throughput", usage=r"RDS:GP3-Throughput", attributes=_ANY_ENGINE),
        Item(service="rds", item="backup", usage=r"RDS:ChargedBackupUsage", attributes=_ANY_ENGINE),
        Item(service="rds", item="extended support", usage=r"ExtendedSupport:Yr1-Yr2:PostgreSQL\d+"),
        Item(service="rds", item="extended support year 3", usage=r"ExtendedSupport:Yr3:PostgreSQL\d+"),
    ),
    "AmazonEFS": (
        Item(service="efs", item="standard", usage=r"TimedStorage-ByteHrs"),
        Item(service="efs", item="one-zone", usage=r"TimedStorage-Z-ByteHrs"),
        Item(service="efs", item="read", usage=r"ETDataAccess-Bytes", attributes={"accesstype": ("Read",)}),
        Item(service="efs", item="write", usage=r"ETDataAccess-Bytes", attributes={"accesstype": ("Write",)}),
        Item(service="efs", item="provisioned", usage=r"ProvisionedTP-MiBpsHrs"),
    ),
    "AmazonCloudWatch": (
        Item(service="cloudwatch", item="ingest", usage=r"DataProcessing-Bytes"),
        Item(service="cloudwatch", item="ingest-ia", usage=r"DataProcessingIA-Bytes"),
        Item(service="cloudwatch", item="storage", usage=r"TimedStorage-ByteHrs"),
        Item(service="cloudwatch", item="alarm", usage=r"CW:AlarmMonitorUsage"),
        Item(service="cloudwatch", item="alarm-high-resolution", usage=r"CW:HighResAlarmMonitorUsage"),
        Item(service="cloudwatch", item="metric", usage=r"CW:MetricMonitorUsage"),
        Item(service="cloudwatch", item="request", usage=r"CW:Requests"),
    ),
    "AWSBackup": (Item(service="backup", item="efs", usage=r"WarmStorage-ByteHrs-EFS"),),
    "AWSDataTransfer": (
        Item(
            service="transfer",
            item="out",
            usage=r"DataTransfer-Out-Bytes",
            attributes={"transfertype": ("AWS Outbound",), "tolocation": ("External",)},
        ),
    ),
    "AWSSecretsManager": (Item(service="secrets", item="secret", usage=r"AWSSecretsManager-Secrets"),),
    "AWSSystemsManager": (Item(service="parameters", item="advanced", usage=r"PS-Advanced-Param-Tier1"),),
    "awskms": (Item(service="kms", item="key", usage=r"KMS-Keys"),),
}

# Units of the offers that the table does not use, and how many of the table's they hold.
_UNITS = {
    ("gp3-throughput", "gibps-mo"): 1024,
    ("advanced", "hour"): 1 / _HOURS,
    ("advanced", "hrs"): 1 / _HOURS,
}


def read(file: Path) -> tuple[str, str, Iterator[Offered]]:
    """An offer's code, the day of its publication, and its prices on demand, reserved ones left out."""
    with file.open(encoding="utf-8-sig") as opened:
        first = opened.read(1)
    if first == "{":
        return _json(file)
    if first == '"':
        return _csv(file)
    raise PriceListError(f"{file}: expected an offer of AWS's price list, JSON or CSV, found neither")


def _json(file: Path) -> tuple[str, str, Iterator[Offered]]:
    data = json.loads(file.read_text(encoding="utf-8-sig"))
    try:
        code, published = data["offerCode"], data["publicationDate"]
        products, terms = data["products"], data["terms"].get("OnDemand", {})
    except KeyError as missing:
        raise PriceListError(
            f"{file}: expected an offer file with products and terms, found none of {missing}; an index of offers or "
            "regions (index.json, region_index.json) names the files to download"
        ) from None

    def prices() -> Iterator[Offered]:
        for sku, product in products.items():
            attributes = _plain({"productFamily": product.get("productFamily", ""), **product["attributes"]})
            for term in terms.get(sku, {}).values():
                for dimension in term["priceDimensions"].values():
                    if usd := dimension["pricePerUnit"].get("USD"):
                        start = float(dimension.get("beginRange") or 0)
                        yield Offered(sku, float(usd), dimension["unit"], start, attributes)

    return code, published, prices()


def _csv(file: Path) -> tuple[str, str, Iterator[Offered]]:
    head: dict[str, str] = {}
    with file.open(encoding="utf-8-sig", newline="") as opened:
        for row in csv.reader(opened):
            if row and row[0] == "SKU":
                break
            if len(row) == 2:
                head[row[0]] = row[1]
        else:
            raise PriceListError(f"{file}: expected a row of column names that begins with SKU, found none")
    if not {"OfferCode", "Publication Date"} <= head.keys():
        raise PriceListError(
            f"{file}: expected the rows OfferCode and Publication Date before the prices, found neither or one"
        )

    def prices() -> Iterator[Offered]:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.reader(opened)
            names = next(row for row in rows if row and row[0] == "SKU")
            for row in rows:
                data = dict(zip(names, row, strict=False))
                if data.get("TermType") == "OnDemand" and data.get("Currency", "USD") == "USD":
                    start = float(data.get("StartingRange") or 0)
                    yield Offered(data["SKU"], float(data["PricePerUnit"]), data["Unit"], start, _plain(data))

    return head["OfferCode"], head["Publication Date"], prices()


def _plain(attributes: Mapping[str, str]) -> dict[str, str]:
    """`Pre Installed S/W` and `preInstalledSw` are one name: `preinstalledsw`."""
    return {re.sub(r"[^a-z0-9]", "", name.lower()): value for name, value in attributes.items()}


def chosen(code: str, prices: Iterable[Offered]) -> dict[str, dict[tuple[str, str], float]]:
    """The table's items by region. Of a price that falls with the amount the first that is not free."""
    best: dict[tuple[str, str, str], dict[str, Offered]] = {}
    for offered in prices:
        for region, item, name in _matches(code, offered):
            skus = best.setdefault((region, item.service, name), {})
            known = skus.get(offered.sku)
            if offered.usd > 0 and (known is None or offered.start < known.start):
                skus[offered.sku] = offered
    found: dict[str, dict[tuple[str, str], float]] = {}
    for (region, service, name), skus in sorted(best.items()):
        usd = {
            round(offered.usd / _UNITS.get((name, offered.unit.lower()), 1), 8) for offered in skus.values()
        }
        if len(usd) > 1:
            raise PriceListError(
                f"{code}: expected one price of {service} {name} in {region}, found {', '.join(map(str, sorted(usd)))} "
                f"(SKUs {', '.join(sorted(skus))}); leave out the file, and report it"
            )
        if usd:
            found.setdefault(region, {})[service, name] = usd.pop()
    return found


def _matches(code: str, offered: Offered) -> Iterator[tuple[str, Item, str]]:
    data = offered.attributes
    region = data.get("regioncode") or data.get("fromregioncode") or ""
    if not region or data.get("locationtype", "AWS Region") not in ("", "AWS Region"):
        return
    for item in ITEMS[code]:
        match = re.fullmatch(_REGION + item.usage, data.get("usagetype", ""))
        if match and all(data.get(name, "") in wanted for name, wanted in item.attributes.items()):
            part = data.get(item.named_by, "") if item.named_by else "".join(match.groups())
            yield region, item, item.item.format(part)


def write(
    code: str, published: str, found: Mapping[str, Mapping[tuple[str, str], float]], folder: Path
) -> None:
    """Put the prices into the regions' files, under a source that names the offer and its day."""
    source, day = f"{code} {published[:10]}", published[:10]
    for region, items in found.items():
        file = folder / f"{region}.json"
        data: dict[str, Any] = (
            json.loads(file.read_text(encoding="utf-8"))
            if file.is_file()
            else {"region": region, "sources": {}, "prices": {}}
        )
        data["sources"][source] = {"url": _PAGES[code], "read": f"AWS Price List, {code} of {day}"}
        for (service, item), usd in items.items():
            groups = data["prices"].setdefault(service, {})
            for group in groups.values():
                group.pop(item, None)
            groups.setdefault(source, {})[item] = usd
        data["prices"] = {
            service: {name: dict(sorted(group.items())) for name, group in sorted(groups.items()) if group}
            for service, groups in sorted(data["prices"].items())
        }
        used = {name for groups in data["prices"].values() for name in groups}
        data["sources"] = {name: data["sources"][name] for name in sorted(used)}
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: list[str], folder: Path = REGIONS) -> int:
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 1
    for name in arguments:
        try:
            code, published, prices = read(Path(name))
            if code not in ITEMS:
                raise PriceListError(
                    f"{name}: the table has nothing of {code}; it takes {', '.join(sorted(ITEMS))}"
                )
            found = chosen(code, prices)
        except (OSError, ValueError, PriceListError) as error:
            print(error, file=sys.stderr)
            return 1
        write(code, published, found, folder)
        for region, items in found.items():
            print(f"{region}: {len(items)} prices of {code}, {published[:10]}")
    print(f"Set `updated` in prices.yaml, now {general()['updated']}, and run `make docs`.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
