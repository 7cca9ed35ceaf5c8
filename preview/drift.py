"""`python -m preview.drift FILE`: what changed in the clouds outside Pulumi.

    pulumi refresh --preview-only --json >found.json     asks the clouds and leaves the state as it is
    python -m preview.drift found.json --noise drift-noise.yaml

That look cannot see a rule that somebody added to a security group, for it is no resource of the stack. `--state` (from
`pulumi stack export`) and `--rules` (from `aws ec2 describe-security-group-rules`) together find those. Ends with 0: as deployed;
2: drift, or an entry of the noise list that has expired; 1: a file that cannot be read as what it should be.
"""

from __future__ import annotations

import argparse
import datetime
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from model import lines
from model.printable import printable_lines
from model.settings.parse import finding_of

VALUE_LENGTH = 100  # characters of a value that a report shows
GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
RULES = (
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)
_INSIDE = ("refresh", "same", "read")  # steps that found what the state says
_STEP = re.compile(r'\.?([^.\[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')


class DriftError(Exception):
    """A file is not what it should be: place, rule, value, fix; one line each."""


def _no_whole_resource(path: str) -> str:
    if path.strip("*.[]") == "":
        raise ValueError("the path of one property, for a whole resource is never noise")
    return path


class Noise(BaseModel):
    """One known difference that nobody made: a provider's bug, or a value that changes by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*:[\w/]+:\w+$")]
    """The resource's type, `aws:rds/instance:Instance`."""
    property: Annotated[str, StringConstraints(min_length=1), AfterValidator(_no_whole_resource)]
    """The property's path as the engine writes it; `[*]` is any place of a list."""
    why: Annotated[str, StringConstraints(min_length=1)]
    """Why it means nothing."""
    link: Annotated[str, StringConstraints(pattern=r"^https://\S+$")]
    """Where that is known: an issue of the provider's."""
    until: datetime.date
    """The last day that it is believed; then somebody looks again."""

    def covers(self, change: DriftChange) -> bool:
        """Is that the difference that this entry knows?"""
        pattern = re.escape(self.property).replace(r"\[\*\]", r"\[\d+\]")
        return (
            change.kind == "changed"
            and change.type == self.type
            and re.fullmatch(pattern, change.property) is not None
        )


@dataclass(frozen=True, kw_only=True)
class DriftChange:
    """One difference between the state and the clouds."""

    kind: Literal["changed", "gone", "added"]
    """`added`: a rule of a security group that the stack did not make."""
    type: str
    name: str
    property: str = ""
    """Its path; empty when the whole resource is meant."""
    before: str = ""
    """The state's value, written as JSON; `[secret]` for a secret."""
    after: str = ""
    """The cloud's value."""


@dataclass(frozen=True, kw_only=True)
class Drift:
    """What a look found, judged."""

    changes: tuple[DriftChange, ...]
    """What somebody must look at."""
    noise: tuple[DriftChange, ...]
    """What the noise list explains."""
    expired: tuple[Noise, ...]
    """Entries that explain nothing any more: remove them, or look again and set a later day."""
    idle: tuple[Noise, ...]
    """Entries in force that explained nothing this time."""

    @property
    def clean(self) -> bool:
        """Nothing to do."""
        return not self.changes and not self.expired


# Reading --------------------------------------------------------------------------------------------------------------


def read_noise(path: Path) -> tuple[Noise, ...]:
    """The noise list: a YAML list of entries. DriftError: all that is wrong with it at once."""
    try:
        text = path.read_text(encoding="utf-8")
        content = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DriftError(_unread(path, error)) from error
    try:
        return TypeAdapter(tuple[Noise, ...]).validate_python(content or ())
    except ValidationError as error:
        places = lines.of_document(text)
        found = [finding_of("", item, tuple[Noise, ...]) for item in error.errors()]
        raise DriftError(
            "\n".join(
                str(replace(one, file=str(path), line=lines.nearest(places, one.path))) for one in found
            )
        ) from error


def _unread(path: Path, error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return f"{path}:{line}: not valid YAML: {error.problem or error.context}"
    if isinstance(error, FileNotFoundError):
        return f"file not found: {path}"
    return f"{path}: file cannot be read: {getattr(error, 'strerror', None) or error}"


def read_json(path: Path, needs: str, made_by: str) -> dict[str, Any]:
    """A JSON object with the key `needs`. DriftError otherwise, naming the command that makes such a file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        said = f"{path}: not valid JSON: {error}" if isinstance(error, ValueError) else _unread(path, error)
        raise DriftError(f"{said}; make it with: {made_by}") from error
    if not isinstance(content, dict) or needs not in content:
        raise DriftError(f"{path} {needs}: required key is missing; make it with: {made_by}")
    return content


def found(document: Mapping[str, Any]) -> Iterator[DriftChange]:
    """The differences in what `pulumi refresh --preview-only --json` printed."""
    for step in document["steps"]:
        if step["op"] in _INSIDE:
            continue
        urn = step["urn"]
        about = {"type": urn.split("::")[2].rpartition("$")[2], "name": urn.rpartition("::")[2]}
        if step["op"] == "delete":
            yield DriftChange(kind="gone", **about)
            continue
        before, after = ((step.get(state) or {}).get("outputs") or {} for state in ("oldState", "newState"))
        paths = sorted(step.get("detailedDiff") or step.get("diffReasons") or ())
        if not paths:
            yield DriftChange(kind="changed", **about)
        for path in paths:
            yield DriftChange(
                kind="changed", property=path, before=_shown(before, path), after=_shown(after, path), **about
            )


def foreign_rules(state: Mapping[str, Any], listed: Mapping[str, Any]) -> Iterator[DriftChange]:
    """Rules in the stack's security groups that are no resource of the stack.

    `state`: as `pulumi stack export` writes it. `listed`: as `aws ec2 describe-security-group-rules` writes it.
    """
    resources = (state["deployment"] or {}).get("resources") or []
    groups = {resource["id"]: resource for resource in resources if resource["type"] in GROUPS}
    ours = {resource["id"] for resource in resources if resource["type"] in RULES}
    for rule in listed["SecurityGroupRules"]:
        group = groups.get(rule["GroupId"])
        if group is not None and rule["SecurityGroupRuleId"] not in ours:
            name = group["urn"].rpartition("::")[2]
            yield DriftChange(
                kind="added",
                type=group["type"],
                name=name,
                property=rule["SecurityGroupRuleId"],
                after=_rule(rule),
            )


def _rule(rule: Mapping[str, Any]) -> str:
    """`inbound tcp/22 from 0.0.0.0/0`."""
    peer = rule.get("CidrIpv4") or rule.get("CidrIpv6") or rule.get("PrefixListId")
    peer = peer or (rule.get("ReferencedGroupInfo") or {}).get("GroupId") or "nobody"
    first, last = rule.get("FromPort", -1), rule.get("ToPort", -1)
    ports = "" if first == -1 else f"/{first}" if first == last else f"/{first}-{last}"
    protocol = "all traffic" if rule["IpProtocol"] == "-1" else f"{rule['IpProtocol']}{ports}"
    return f"outbound {protocol} to {peer}" if rule["IsEgress"] else f"inbound {protocol} from {peer}"


def _shown(values: Any, path: str) -> str:
    """The value at a path as the engine writes it (`routes[0].cidrBlock`, `tags["a.b"]`); `absent` when nothing is there."""
    for name, index, quoted in _STEP.findall(path):
        if isinstance(values, list) and index and int(index) < len(values):
            values = values[int(index)]
        elif isinstance(values, dict) and (key := name or quoted.replace('\\"', '"')) in values:
            values = values[key]
        else:
            return "absent"
    text = values if values == "[secret]" else json.dumps(values, ensure_ascii=False)
    return text if len(text) <= VALUE_LENGTH else text[: VALUE_LENGTH - 1] + "…"


# Judging --------------------------------------------------------------------------------------------------------------


def classify(changes: Sequence[DriftChange], noise: Sequence[Noise], today: datetime.date) -> Drift:
    """Divide what was found by the noise list, as it is in force today."""
    current = [entry for entry in noise if entry.until >= today]
    explained = [change for change in changes if any(entry.covers(change) for entry in current)]
    return Drift(
        changes=tuple(sorted((change for change in changes if change not in explained), key=_order)),
        noise=tuple(sorted(explained, key=_order)),
        expired=tuple(entry for entry in noise if entry.until < today),
        idle=tuple(entry for entry in current if not any(entry.covers(change) for change in changes)),
    )


def _order(change: DriftChange) -> tuple[int, str, str, str]:
    return (("added", "gone", "changed").index(change.kind), change.type, change.name, change.property)


# Writing --------------------------------------------------------------------------------------------------------------


def to_text(drift: Drift) -> str:
    """For a terminal, a line each."""
    lines = [
        f"{change.kind:8}{change.name} ({change.type}){_difference(change, '')}" for change in drift.changes
    ]
    lines += [
        f"expired {entry.type} {entry.property}, believed until {entry.until}: {entry.link}"
        for entry in drift.expired
    ]
    lines += [f"noise   {change.name} {change.property}" for change in drift.noise]
    return "\n".join(lines or ["As deployed."]) + "\n"


def to_markdown(drift: Drift, stack: str) -> str:
    """For an issue."""
    if drift.clean:
        return f"`{stack}` is as it was deployed.\n"
    lines = (
        [f"`{stack}` is not as it was deployed.\n"]
        if drift.changes
        else [f"`{stack}` is as it was deployed, but:\n"]
    )
    if drift.changes:
        lines += ["| | resource | what |", "| --- | --- | --- |"]
        lines += [
            f"| **{c.kind}** | {_code(c.name)}<br>{_code(c.type)} | {_difference(c, '`')} |"
            for c in drift.changes
        ]
        lines.append(
            "\n`pulumi up --refresh` sets this back; to keep a change, put it into the stack file first."
        )
        if any(change.kind == "added" for change in drift.changes):
            lines.append(
                "What was **added** is no resource of the stack: only whoever added it, or you, can remove it."
            )
    if drift.expired:
        lines.append(
            "\nEntries of the noise list that have expired: look again, then remove them or set a later day.\n"
        )
        lines += [
            f"- {_code(e.type)} {_code(e.property)} (until {e.until}): {e.why} {e.link}"
            for e in drift.expired
        ]
    if drift.noise:
        lines.append("\n<details><summary>Explained by the noise list</summary>\n")
        lines += [f"- {_code(change.name)} {_code(change.property)}" for change in drift.noise]
        lines.append("\n</details>")
    return "\n".join(lines) + "\n"


def to_json(drift: Drift) -> str:
    """`{"version": 1, "changes", "noise", "expired", "idle"}`."""
    document = {
        "version": 1,
        "changes": [asdict(change) for change in drift.changes],
        "noise": [asdict(change) for change in drift.noise],
        "expired": [entry.model_dump(mode="json") for entry in drift.expired],
        "idle": [entry.model_dump(mode="json") for entry in drift.idle],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _difference(change: DriftChange, quote: str) -> str:
    if change.kind == "added":
        return f": {change.after}" if not quote else _code(change.after)
    if not change.property:
        return "" if not quote else "the whole resource"
    if not quote:
        return f": {change.property}: {change.before} → {change.after}"
    return f"{_code(change.property)}: {_code(change.before)} → {_code(change.after)}"


def _code(text: str) -> str:
    """Text as code in a table's cell, whatever it holds."""
    text = re.sub(r"\s+", " ", text).replace("|", "\\|")
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}" if longest else f"`{text}`"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="preview.drift", description="Judge what a look at the clouds found."
    )
    parser.add_argument("found", type=Path, help="what `pulumi refresh --preview-only --json` printed")
    parser.add_argument(
        "--noise", metavar="FILE", type=Path, help="the list of known noise, as drift-noise.yaml"
    )
    parser.add_argument(
        "--state", metavar="FILE", type=Path, help="what `pulumi stack export` printed; with --rules"
    )
    parser.add_argument(
        "--rules", metavar="FILE", type=Path, help="what `aws ec2 describe-security-group-rules` printed"
    )
    parser.add_argument("--stack", metavar="NAME", default="the stack", help="its name, for the report")
    parser.add_argument(
        "--format",
        choices=("text", "markdown", "json"),
        default="text",
        help="for people or for programs (text)",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write there instead of to standard output"
    )
    options = parser.parse_args(arguments)
    if (options.state is None) is not (options.rules is None):
        parser.error("--state and --rules are given together")
    try:
        look = read_json(options.found, "steps", "pulumi refresh --preview-only --json")
        changes = list(found(look))
        if options.state is not None:
            state = read_json(options.state, "deployment", "pulumi stack export")
            rules = read_json(options.rules, "SecurityGroupRules", "aws ec2 describe-security-group-rules")
            changes += foreign_rules(state, rules)
        noise = read_noise(options.noise) if options.noise is not None else ()
    except DriftError as error:
        print(printable_lines(str(error)), file=sys.stderr)
        return 1
    drift = classify(changes, noise, datetime.datetime.now(datetime.UTC).date())
    if options.format == "markdown":
        text = to_markdown(drift, options.stack)
    else:
        text = to_json(drift) if options.format == "json" else to_text(drift)
    text = printable_lines(text)
    if options.output is None:
        sys.stdout.write(text)
    else:
        options.output.write_text(text, encoding="utf-8")
    return 0 if drift.clean else 2


if __name__ == "__main__":
    sys.exit(main())
