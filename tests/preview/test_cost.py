"""The estimate: exact figures from the dated table, unknown where it has none, and what a change makes of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from preview.analysis.cost import Delta, compare, estimate, to_data
from preview.report.json_report import to_json
from preview.report.report import build
from preview.report.text import to_text
from tests.evaluations import EXAMPLES, ROOT, deployed

P = "drawbridge-prod"


def monthly(example: str, **changes: Any) -> dict[str, float | None]:
    return {
        f"{line.resource.removeprefix(P)}: {line.what}": line.monthly
        for line in estimate(deployed(example, **changes)).lines
    }


def test_maycast_by_item() -> None:
    assert monthly("maycast-recorder") == {
        "-host-group: t3.small": 19.856,
        "-host-group: disk (30 GiB gp3)": 2.88,
        "-host-group: public IPv4 address": 3.65,
        "-host-group: data out (10 GB)": 1.14,
        "-host-group: metric calls (43,800)": 0.438,
        "-storage-files: files stored (10 GiB)": 3.6,
        "-storage-files: files read (10 GB)": 0.4,
        "-storage-files: files written (10 GB)": 0.7,
        "-storage-backup: file backups (10 GiB)": None,
        "-host-logs: logs taken in (1 GB)": 0.76,
        "-host-logs: logs kept (1 GB)": 0.033,
        "-alerts: alarms (4)": 0.4,
        "-alerts: metrics of our own (3)": 0.9,
        "example.com: Cloudflare pro (billed monthly)": 25,
        "example.com: Access seats (10)": 0,
    }
    assert estimate(deployed("maycast-recorder")).total == 59.76


def test_the_page_explains_maycasts_figures_as_they_are() -> None:
    page = (ROOT / "docs" / "cost.md").read_text()
    rows = {
        row[1].strip(): row[3].strip()
        for row in (line.split("|") for line in page.splitlines() if line.startswith("| "))
    }
    found = monthly("maycast-recorder")
    groups = {
        "t3.small, 730 hours": ["t3.small"],
        "files stored, read, written": [
            "files stored (10 GiB)",
            "files read (10 GB)",
            "files written (10 GB)",
        ],
        "logs taken in, kept": ["logs taken in (1 GB)", "logs kept (1 GB)"],
    }
    for label, figure in rows.items():
        if re.fullmatch(r"\d+\.\d\d", figure) and label not in EXAMPLES:
            wanted = groups.get(label, [label])
            assert (
                figure == f"{sum(v or 0 for key, v in found.items() if key.split(': ')[1] in wanted):.2f}"
            ), label
    assert f"${estimate(deployed('maycast-recorder')).total:.2f}" in page
    assert f"${19.856 + 2.88 + 20:.2f}" in page


def test_a_standby_and_more_machines_are_counted() -> None:
    database = {
        "version": "17",
        "instanceClass": "db.t4g.micro",
        "storageGiB": 50,
        "name": "app",
        "multiAz": True,
    }
    host = {"instanceType": "t4g.small", "diskGiB": 40, "replicas": 3}
    found = monthly("image2model", database=database, host=host)
    assert found["-host-group: t4g.small (3 ×)"] == round(3 * 730 * 0.0216, 4)
    assert found["-host-group: disk (3 × 40 GiB gp3)"] == round(120 * 0.096, 4)
    assert found["-host-group: public IPv4 address (3 ×)"] == 10.95
    assert found["-database-postgres: db.t4g.micro (2 ×)"] == 36.5
    assert found["-database-postgres: storage (2 × 50 GiB gp3)"] == round(100 * 0.138, 4)


def test_a_price_that_is_not_in_the_table_is_unknown_and_the_total_the_least() -> None:
    program = deployed("maycast-recorder", host={"instanceType": "u7i-12tb.224xlarge", "diskGiB": 30})
    found = estimate(program)
    assert found.unknown == (
        f"{P}-host-group: u7i-12tb.224xlarge (ec2 u7i-12tb.224xlarge in ap-northeast-1 is not in the table)",
        f"{P}-storage-backup: file backups (10 GiB) (backup efs in ap-northeast-1 is not in the table)",
    )
    assert found.total == 39.9
    assert to_data(found)["complete"] is False
    text = " ".join(to_text(build(program)).split())
    assert (
        "unknown: drawbridge-prod-host-group: u7i-12tb.224xlarge "
        "(ec2 u7i-12tb.224xlarge in ap-northeast-1 is not in the table)" in text
    )
    assert "at least 39.90 USD" in text


def test_enterprise_is_by_contract_and_so_unknown() -> None:
    settings = {
        "accountId": "0" * 32,
        "zoneId": "0" * 32,
        "zone": "example.com",
        "plan": "enterprise",
        "team": "acme",
    }
    assert estimate(deployed("casecheck", cloudflare=settings)).unknown == (
        "example.com: Cloudflare enterprise (billed monthly) (Cloudflare's plan enterprise is not in the table)",
    )


def test_a_change_is_told_by_its_items_the_dearest_first() -> None:
    before = deployed("maycast-recorder")
    after = deployed(
        "maycast-recorder",
        host={"instanceType": "t3.medium", "diskGiB": 50, "replicas": 1, "logs": "journald"},
    )
    assert compare(before, after).deltas == (
        Delta(resource=f"{P}-host-group", what="t3.small → t3.medium", before=19.856, after=39.712),
        Delta(resource=f"{P}-host-group", what="disk", before=2.88, after=4.8),
        Delta(resource=f"{P}-host-logs", what="logs taken in", before=0.76, after=None),
        Delta(resource=f"{P}-alerts", what="metrics of our own", before=0.9, after=0.6),
        Delta(resource=f"{P}-alerts", what="alarms", before=0.4, after=0.3),
        Delta(resource=f"{P}-host-logs", what="logs kept", before=0.033, after=None),
    )
    assert compare(before, before).deltas == ()


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_has_a_whole_estimate_in_every_report(example: str) -> None:
    program = deployed(example)
    found = estimate(program)
    data = json.loads(to_json(build(program)))["cost"]
    assert data == to_data(found)
    assert [text for text in found.unknown if "no price is known for this type" in text] == []
    assert f"{found.total:.2f} USD" in " ".join(to_text(build(program)).split())
    assert all(line.source.startswith("https://") for line in found.lines if line.price is not None)
