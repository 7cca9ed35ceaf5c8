"""cfn-lint, the real one, reads every stack's AWS half as CloudFormation: AWS's own schemas of each type, what each region has,
which properties go together, and whether a reference is of the kind that its property takes. `make cfn-lint` installs it.
"""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import botocore.session
import pytest

from model import limits
from preview.evaluate.program import evaluate
from preview.resources import Evaluation
from tests.cloudformation.template import KINDS, WITHOUT_A_TYPE, template
from tests.evaluations import EXAMPLES, ROOT, deployed

PROGRAM = ROOT / ".venv" / "cfn-lint" / "bin" / "cfn-lint"
EVERYTHING = "every-setting"
STACKS = [*EXAMPLES, EVERYTHING]
# Of what it says, what is meant to be so.
ANSWERED = {
    "W3010": "zones are named, not looked up: a subnet that moves with AWS's list is lost (model/limits.py)",
    "W3691": "it counts a major version as deprecated with its first minor one; RDS completes it to its default",
    "W2001": "the image's parameter: a stack file may name an image",
}
Template = dict[str, Any]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM.exists(), reason="not installed: .venv/cfn-lint (make cfn-lint)"),
]


class Said(NamedTuple):
    rule: str
    place: str
    text: str


def stack(name: str) -> Evaluation:
    if name == EVERYTHING:
        return evaluate(ROOT, config_file=ROOT / "docs" / "Pulumi.example.yaml")
    return deployed(name, secretDelivery="parameter-store")


def region_of(program: Evaluation) -> str:
    (zone,) = {
        r.inputs["availabilityZone"][:-1] for r in program.resources if r.type == "aws:ec2/subnet:Subnet"
    }
    return str(zone)


def regions() -> list[str]:
    """Every region that a stack file may name and cfn-lint knows the classes of."""
    known = {
        p.stem
        for p in PROGRAM.parents[1].glob("lib/python*/site-packages/cfnlint/data/schemas/providers/*.py")
    }
    session = botocore.session.get_session()
    names = {n for p in session.get_available_partitions() for n in session.get_available_regions("rds", p)}
    return sorted(n for n in names if limits.partition(n) and n.replace("-", "_") in known)


def property_of(kind: str, *path: str | int) -> Callable[[Template, Any], None]:
    """What sets a property of the first resource of a CloudFormation type."""

    def change(made: Template, value: Any) -> None:
        target: Any = next(r for r in made["Resources"].values() if r["Type"] == kind)["Properties"]
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return change


DATABASE, GROUP = "AWS::RDS::DBInstance", "AWS::AutoScaling::AutoScalingGroup"
TEMPLATE, ALARM = "AWS::EC2::LaunchTemplate", "AWS::CloudWatch::Alarm"
FAULTS: dict[str, tuple[Callable[[Template, Any], None], Any, str, str]] = {
    "a word that is none": (
        property_of("AWS::EFS::FileSystem", "ThroughputMode"),
        "elastik",
        "E3030",
        "elastik",
    ),
    "days that logs cannot be kept": (
        property_of("AWS::Logs::LogGroup", "RetentionInDays"),
        31,
        "E3030",
        "31",
    ),
    "a class that no region has": (
        property_of(DATABASE, "DBInstanceClass"),
        "db.t9.micro",
        "E3025",
        "db.t9.micro",
    ),
    "a machine that no region has": (
        property_of("AWS::EC2::Instance", "InstanceType"),
        "t9.huge",
        "E3628",
        "t9.huge",
    ),
    "a name that is too long": (
        property_of("AWS::IAM::Role", "RoleName"),
        "a" * 65,
        "E3033",
        "longer than 64",
    ),
    "letters that a description cannot have": (
        property_of("AWS::EC2::SecurityGroup", "GroupDescription"),
        "the bank's",
        "E3031",
        "the bank's",
    ),
    "an unknown property": (property_of(DATABASE, "StorageClass"), "gp3", "E3002", "StorageClass"),
    "more machines at least than at most": (property_of(GROUP, "MinSize"), 9, "E3706", "9"),
    "a rule for a range and for a group": (
        property_of("AWS::EC2::SecurityGroupIngress", "CidrIp"),
        "10.0.0.0/8",
        "E3014",
        "CidrIp",
    ),
    "a major version that is not there": (property_of(DATABASE, "EngineVersion"), "99", "E3691", "99"),
    "a reference to another kind": (
        property_of("AWS::EFS::MountTarget", "SubnetId"),
        {"Fn::GetAtt": ["DrawbridgeProdNetworkStorageSecurityGroup", "GroupId"]},
        "E1040",
        "GroupId",
    ),
    "a reference to nothing": (property_of(ALARM, "AlarmActions", 0), {"Ref": "Nobody"}, "E1020", "Nobody"),
    "a policy without an effect": (
        property_of("AWS::IAM::RolePolicy", "PolicyDocument", "Statement", 0, "Effect"),
        "Perhaps",
        "E3510",
        "Perhaps",
    ),
    "an action that is none": (
        property_of("AWS::IAM::RolePolicy", "PolicyDocument", "Statement", 0, "Action"),
        "autoscaling:Finish",
        "W3037",
        "finish",
    ),
    "an action on another service's resource": (
        property_of("AWS::IAM::RolePolicy", "PolicyDocument", "Statement", 0, "Resource"),
        "arn:aws:s3:::b",
        "I3510",
        "requires a resource of",
    ),
    "a volume type that is none": (
        property_of(TEMPLATE, "LaunchTemplateData", "BlockDeviceMappings", 0, "Ebs", "VolumeType"),
        "gp9",
        "E3030",
        "gp9",
    ),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Said]]:
    """By template, what is said of it; one run over the stacks, the faults, and the small stack in every region."""
    folder = tmp_path_factory.mktemp("templates")
    made = {name: template(stack(name), region_of(stack(name))) for name in STACKS}
    for fault, (change, value, _, _) in FAULTS.items():
        made[fault] = copy.deepcopy(made["image2model"])
        change(made[fault], value)
    made["by itself"] = template(small(), *(set(regions()) - limits.CLASSES_LACKING.keys()))
    for region, lacking in limits.CLASSES_LACKING.items():
        made[region] = template(small(), region)
        made[f"{region} instead"] = template(small(instanceClass=lacking.instead), region)
    for name, content in made.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    command = [
        str(PROGRAM),
        "--format",
        "json",
        "--include-checks",
        "I3510",
        "--",
        *map(str, sorted(folder.glob("*.json"))),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=folder)
    found: dict[str, list[Said]] = {name: [] for name in made}
    for item in json.loads(done.stdout):
        place = "/".join(str(step) for step in item["Location"]["Path"] or ())
        found[Path(item["Filename"]).stem].append(Said(item["Rule"]["Id"], place, item["Message"]))
    return found


def small(**database: str) -> Evaluation:
    """An example with the machine and the database that a stack file gets if it does not say which."""
    return deployed("image2model", host={}, database={"version": "17", "name": "app", **database})


@pytest.mark.parametrize("name", STACKS)
def test_every_stack_is_one_that_cloudformation_would_take(name: str, said: dict[str, list[Said]]) -> None:
    assert [item for item in said[name] if item.rule not in ANSWERED] == []


def test_every_answer_is_needed(said: dict[str, list[Said]]) -> None:
    assert {item.rule for name in STACKS for item in said[name]} == set(ANSWERED)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cloudformation_refuses_is_seen(fault: str, said: dict[str, list[Said]]) -> None:
    _, _, rule, text = FAULTS[fault]
    found = [item for item in said[fault] if item.rule not in ANSWERED]
    assert rule in [item.rule for item in found if text in item.text], found


def test_what_a_stack_file_leaves_out_is_there_in_every_region_but_those_that_are_refused(
    said: dict[str, list[Said]],
) -> None:
    assert len(regions()) >= 38
    assert [item for item in said["by itself"] if item.rule not in ANSWERED] == []


@pytest.mark.parametrize("region", limits.CLASSES_LACKING)
def test_a_class_that_is_refused_is_one_that_the_region_lacks(
    region: str, said: dict[str, list[Said]]
) -> None:
    lacking = [item for item in said[region] if item.rule not in ANSWERED]
    assert [(item.rule, item.place.rpartition("/")[2]) for item in lacking] == [("E3025", "DBInstanceClass")]
    assert region in lacking[0].text
    assert [item for item in said[f"{region} instead"] if item.rule not in ANSWERED] == []


def test_a_machine_tags_itself_under_conditions_that_ec2_knows_of_an_instance() -> None:
    (policy,) = stack(EVERYTHING).of_type("aws:iam/rolePolicy:RolePolicy")
    (tagging,) = [s for s in json.loads(policy.inputs["policy"])["Statement"] if s["Sid"] == "TagItself"]
    (data,) = PROGRAM.parents[1].glob("lib/python*/site-packages/cfnlint/data/AdditionalSpecs/Policies.json")
    service = json.loads(data.read_text())["ec2"]
    assert "instance" in service["Actions"]["createtags"]["Resources"]
    known = {key.partition("${")[0] for key in service["Resources"]["instance"]["ConditionKeys"]}
    used = {key for keys in tagging["Condition"].values() for key in keys}
    assert used == {"ec2:ResourceTag/drawbridge:stack", "aws:TagKeys"}
    assert {"ec2:ResourceTag/", "aws:TagKeys"} <= known


def test_every_type_of_ours_is_judged() -> None:
    types = {r.type for name in STACKS for r in stack(name).resources if r.type.startswith("aws:")}
    assert types == KINDS.keys() | WITHOUT_A_TYPE


def test_the_figures_stand_in_the_page() -> None:
    resources = [r for name in STACKS for r in template(stack(name), "x")["Resources"].values()]
    kinds = len({r["Type"] for r in resources})
    page = (ROOT / "docs" / "aws.md").read_text()
    assert f"{len(resources)} resources of {kinds} CloudFormation types" in page
    assert f"in {len(regions())} regions" in page
    assert f"{len(FAULTS)} faults that the test makes" in page
