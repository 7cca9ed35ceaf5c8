"""What a change of one resource means for the people who use the stack."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from model.naming import Names
from preview.analysis.options import option_effects
from preview.analysis.reach import NOBODY, Reach
from preview.changes import Change, Consequence, Effect
from preview.diff.differences import top
from preview.diff.user_data import written
from preview.resource_types import tokens
from preview.resource_types.registry import record_of
from preview.resources import Evaluation, bare

Verdict = tuple[Consequence, str]


class Judge:
    """Judges the steps of one comparison: ``judge(step)`` is the step with its consequence and the reason."""

    def __init__(
        self, before: Evaluation, after: Evaluation, steps: Sequence[Change], reach: tuple[Reach, Reach]
    ) -> None:
        self._before, self._after = before, after
        self._steps = {step.urn: step for step in steps}
        self._reach = reach

    def __call__(self, step: Change) -> Change:
        consequence, why = self._verdict(step)
        loss = record_of(step.type).loss if consequence is Consequence.DATA_LOSS else None
        effects = [Effect(consequence=consequence, why=why, loss=loss), *option_effects(step)]
        effects = [effect for effect in effects if effect.why] or effects[:1]
        return replace(step, effects=tuple(sorted(effects, key=lambda effect: -effect.consequence)))

    def _verdict(self, step: Change) -> Verdict:
        if step.action == "unchanged":
            return Consequence.NONE, ""
        if step.action == "created":
            return Consequence.NONE, "new"
        if step.action == "unknown":
            return (
                Consequence.UNKNOWN,
                f"whether a change of {_inputs(step)} replaces a {tokens.short(step.type)} is not known here",
            )
        if step.action == "rolling":
            return self._rolling(step)
        if step.action == "updated":
            return self._updated(step)
        return self._gone(step)

    # Replaced or deleted

    def _gone(self, step: Change) -> Verdict:
        assert step.before is not None
        replaced = step.action == "replaced"
        by = f"replaced because of {', '.join(step.because)}" if replaced else "deleted"
        record = record_of(step.type)
        if record.holds:
            return Consequence.DATA_LOSS, f"{by}, and with it {record.holds}{_kept(step)}"
        if step.type == tokens.RANDOM_PASSWORD and Names.of_urn(step.urn).secrets.label(step.name):
            if replaced and all(difference.path.startswith("keepers") for difference in step.differences):
                return (
                    Consequence.ROLLING,
                    "drawn anew: what the app signed or encrypted with the old value becomes invalid",
                )
            return (
                Consequence.DATA_LOSS,
                f"{by}: the value is gone for good, and what the app encrypted with it cannot be read",
            )
        if step.type == tokens.DNS and not replaced:
            return Consequence.DOWNTIME, f"deleted: {step.before.inputs.get('name')} no longer resolves"
        if step.type == tokens.SERVICE_TOKEN and not replaced:
            return Consequence.DOWNTIME, "deleted: its clients are refused from now on"
        if step.type == tokens.INGRESS and not replaced:
            return Consequence.DOWNTIME, "deleted: no hostname leads to a service"
        if step.type == tokens.FLEET and not replaced:
            return Consequence.DOWNTIME, "deleted: no machine is left"
        if step.type == tokens.RANDOM_PASSWORD and step.name == Names.of_urn(step.urn).tunnel.secret:
            return Consequence.IN_PLACE, by
        if replaced and record.needed:
            return Consequence.DOWNTIME, f"{by}: {record.needed}"
        if step.type == tokens.TUNNEL:
            return Consequence.DOWNTIME, "deleted: no request comes in any more"
        if step.type == tokens.IDENTITY_PROVIDER:
            return Consequence.IN_PLACE, f"{by}: nobody logs in with the old one any more"
        if step.type == tokens.APPLICATION:
            return Consequence.IN_PLACE, f"{by}: logins made under it end"
        if step.type == tokens.ENDPOINT:
            return Consequence.IN_PLACE, f"{by}: no SSH {'for some minutes' if replaced else 'by it'}"
        return Consequence.IN_PLACE, by

    # A release

    def _rolling(self, step: Change) -> Verdict:
        assert step.after is not None and step.before is not None
        lost = self._left_behind()
        if lost:
            return Consequence.DATA_LOSS, lost
        hooks = step.after.inputs.get("initialLifecycleHooks", [])
        if not any(hook.get("lifecycleTransition", "").endswith("EC2_INSTANCE_LAUNCHING") for hook in hooks):
            return (
                Consequence.DOWNTIME,
                "a release without its launch hook (host.readiness): old machines go before new ones serve",
            )
        return Consequence.ROLLING, "a release: new machines serve before the old ones go"

    def _left_behind(self) -> str:
        """What the new machines no longer see, though it is not deleted."""
        old, new = (_facts(evaluation) for evaluation in (self._before, self._after))
        volumes = sorted(set(old.get("storage") or []) - set(new.get("storage") or []))
        if volumes:
            return f"the volume {', '.join(volumes)} leaves EFS: the app starts with an empty one on each machine"
        names = [(facts.get("database") or {}).get("name") for facts in (old, new)]
        if all(names) and names[0] != names[1]:
            return f"the app gets the database {names[1]}, which is empty; what it has in {names[0]} stays there, unread"
        return ""

    # Updated in place

    def _updated(self, step: Change) -> Verdict:
        rules: dict[str, Callable[[Change], Verdict | None]] = {
            tokens.DATABASE: _database,
            tokens.FLEET: _fleet,
            tokens.TEMPLATE: self._template,
            tokens.INGRESS: self._ingress,
            tokens.LOG_GROUP: _logs,
            tokens.TUNNEL: lambda _: (
                Consequence.ROLLING,
                "a new secret: connectors stay, and new ones use it",
            ),
            "aws:rds/parameterGroup:ParameterGroup": lambda _: (
                Consequence.IN_PLACE,
                "takes effect when the database restarts",
            ),
        }
        if all(difference.path.startswith("options.") for difference in step.differences):
            return Consequence.NONE, ""
        verdict = rules[step.type](step) if step.type in rules else None
        return verdict or (Consequence.IN_PLACE, f"{_inputs(step)} in place")

    def _template(self, step: Change) -> Verdict:
        fleet = [
            c for c in self._steps.values() if c.type == tokens.FLEET and c.action in ("rolling", "replaced")
        ]
        words = ", and with it the machines (see the group)" if fleet else ""
        return Consequence.IN_PLACE, f"a new version of the template{words}"

    def _ingress(self, step: Change) -> Verdict | None:
        old, new = self._reach
        gone: dict[str, None] = {}
        for hostname in old.hostnames:
            for path in dict.fromkeys(
                [*old.samples(hostname), *(new.samples(hostname) if hostname in new.hostnames else ())]
            ):
                if old.at(hostname, path).who != NOBODY and new.at(hostname, path).who == NOBODY:
                    whole = new.at(hostname, "/").who == NOBODY != old.at(hostname, "/").who
                    gone[hostname if whole else old.at(hostname, path).url.removesuffix("/below")] = None
        return (Consequence.DOWNTIME, f"answered 404 from now on: {', '.join(gone)}") if gone else None


def _facts(evaluation: Evaluation) -> dict[str, Any]:
    """What the machines are told (machine.json of their cloud-init)."""
    for text in evaluation.user_data.values():
        content = written(text, "/etc/drawbridge/machine.json")
        if content:
            return dict(json.loads(content))
    return {}


def _database(step: Change) -> Verdict:
    assert step.before is not None and step.after is not None
    old, new = step.before.inputs, step.after.inputs
    changed = {top(difference.path) for difference in step.differences}
    found: list[Verdict] = []
    if int(new.get("allocatedStorage", 0)) < int(old.get("allocatedStorage", 0)):
        sizes = f"{old['allocatedStorage']} to {new['allocatedStorage']} GiB"
        found.append(
            (Consequence.REFUSED, f"RDS cannot make storage smaller ({sizes}): `pulumi up` fails here")
        )
    days = int(old.get("backupRetentionPeriod", 0)), int(new.get("backupRetentionPeriod", 0))
    if days[1] < days[0]:
        found.append(
            (Consequence.DATA_LOSS, f"backups older than {days[1]} days are deleted (before: {days[0]} days)")
        )
    if "dbSubnetGroupName" in changed:
        found.append(
            (Consequence.REFUSED, "RDS moves no instance to another network in place: `pulumi up` fails here")
        )
    restarts = sorted(changed & {"instanceClass", "engineVersion", "port"})
    if _major(new.get("engineVersion")) < _major(old.get("engineVersion")):
        found.append(
            (Consequence.REFUSED, "PostgreSQL does not go back to an earlier version: `pulumi up` fails here")
        )
    elif restarts:
        blue_green = bool((new.get("blueGreenUpdate") or {}).get("enabled"))
        failover = "about a minute (failover)" if _fails_over(new, changed) else "minutes"
        length = "under a minute (blue/green)" if blue_green else failover
        found.append(
            (Consequence.DOWNTIME, f"{', '.join(restarts)} restarts the database: {length} without it")
        )
    return max(found, default=(Consequence.IN_PLACE, f"{_inputs(step)} in place"))


def _fails_over(inputs: Mapping[str, Any], changed: set[str]) -> bool:
    return bool(inputs.get("multiAz")) and "engineVersion" not in changed


def _major(version: Any) -> int:
    digits = re.match(r"\d+", str(version or ""))
    return int(digits[0]) if digits else 0


def _fleet(step: Change) -> Verdict | None:
    assert step.before is not None and step.after is not None
    counts = [int(resource.inputs.get("desiredCapacity") or 0) for resource in (step.before, step.after)]
    if counts[1] == 0 < counts[0]:
        return Consequence.DOWNTIME, "no machine is left"
    if counts[0] != counts[1]:
        how = "more come" if counts[1] > counts[0] else "the rest drain and go"
        return Consequence.IN_PLACE, f"{counts[0]} to {counts[1]} machines: {how}"
    return None


def _logs(step: Change) -> Verdict | None:
    assert step.before is not None and step.after is not None
    days = [int(resource.inputs.get("retentionInDays") or 0) for resource in (step.before, step.after)]
    if days[1] and (days[1] < days[0] or not days[0]):
        had = f"{days[0]} days" if days[0] else "for ever"
        return Consequence.DATA_LOSS, f"logs older than {days[1]} days are deleted (before: {had})"
    return None


def _kept(step: Change) -> str:
    """What remains or stands in the way of a loss."""
    assert step.before is not None
    words = ""
    if step.type == tokens.DATABASE and bare(step.before.raw).get("skipFinalSnapshot") is False:
        words += "; a final snapshot stays"
    if step.before.options["protect"]:
        words += "; `pulumi up` refuses this while the resource is protected"
    return words


def _inputs(step: Change) -> str:
    return ", ".join(dict.fromkeys(top(difference.path) for difference in step.differences))
