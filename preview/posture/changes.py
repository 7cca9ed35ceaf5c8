"""What a change brings and takes of the posture: both versions are judged by the same rules."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence

from preview.changes import Change
from preview.findings import PostureChange, PostureFinding
from preview.posture.judgement import evaluate_posture
from preview.resources import Evaluation

Key = tuple[str, str, str]


def posture_change(
    before: Evaluation, after: Evaluation, changes: Sequence[Change], today: datetime.date | None = None
) -> PostureChange:
    """``changes`` tell which resources have another name. Each version is judged with its own suppressions."""
    was, now = evaluate_posture(before, today), evaluate_posture(after, today)
    renamed = {
        change.before.name: change.after.name
        for change in changes
        if change.before and change.after and change.before.name != change.after.name
    }
    old_open = {_key(finding, renamed) for finding in was.open}
    new_open = {_key(finding) for finding in now.open}
    old_accepted = {_key(finding, renamed) for finding in was.accepted}
    brought = [finding for finding in now.open if _key(finding) not in old_open]
    taken = [finding for finding in was.open if _key(finding, renamed) not in new_open]
    hidden = [finding for finding in now.accepted if _key(finding) not in old_accepted]
    # What a suppression hides is not gone.
    covered = {_key(finding) for finding in hidden}
    taken = [finding for finding in taken if _key(finding, renamed) not in covered]
    brought, taken = _without_moves(brought, taken, before, after)
    return PostureChange(
        before=was, after=now, brought=tuple(brought), taken=tuple(taken), hidden=tuple(hidden)
    )


def _key(finding: PostureFinding, renamed: dict[str, str] | None = None) -> Key:
    names = renamed or {}
    detail = re.sub(
        r"«(.+?)\.([^.»]+)»", lambda match: f"«{names.get(match[1], match[1])}.{match[2]}»", finding.detail
    )
    return finding.rule.id, names.get(finding.resource, finding.resource), detail


def _without_moves(
    brought: list[PostureFinding], taken: list[PostureFinding], before: Evaluation, after: Evaluation
) -> tuple[list[PostureFinding], list[PostureFinding]]:
    """Both without the pairs that are one finding: of a resource that goes, and of one of its type that comes, word for word."""
    gone, come = _only_in(before, after), _only_in(after, before)
    left = list(taken)
    fresh: list[PostureFinding] = []
    for finding in brought:
        key = _anonymous(finding, come)
        pair = next((old for old in left if key and _anonymous(old, gone) == key), None)
        if pair:
            left.remove(pair)
        else:
            fresh.append(finding)
    return fresh, left


def _only_in(one: Evaluation, other: Evaluation) -> dict[str, str]:
    """The types, by name, of the resources that the other version does not have under this name."""
    names = {resource.name for resource in other.resources}
    return {resource.name: resource.type for resource in one.resources if resource.name not in names}


def _anonymous(finding: PostureFinding, types: dict[str, str]) -> Key | None:
    """A finding without the names of resources; None if its resource is in both versions."""
    if finding.resource not in types:
        return None
    detail = finding.detail
    for name in _longest_first([*types]):
        detail = detail.replace(name, "…")
    return finding.rule.id, types[finding.resource], detail


def _longest_first(names: Iterable[str]) -> list[str]:
    return sorted(names, key=len, reverse=True)
