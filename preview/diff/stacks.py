"""What changes for the stack as a whole: another project, another program, a stack that nobody deploys any more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from preview.changes import Consequence, Difference, Effect, Loss, StackChange
from preview.resource_types.registry import record_of
from preview.resources import Evaluation

_PROJECT_KEYS = ("runtime", "main", "backend")
_NAMESPACES = ("drawbridge", "aws", "cloudflare", "random")
"""Settings of these are read by the program, or compared as those of a provider."""


def stack_changes(before: Evaluation, after: Evaluation) -> Iterator[StackChange]:
    """Those that the two evaluations tell of."""
    if not before.resources or not after.resources:
        return
    if before.project != after.project:
        yield left_alone(
            before,
            kind="project",
            subject=after.project,
            text=f"the project is called {after.project} and no longer {before.project}, so to the engine the stack is a new one",
        )
    for key in _PROJECT_KEYS:
        old, new = before.project_file.get(key), after.project_file.get(key)
        if old != new:
            yield _project_file(before, key, old, new)
    for key in sorted((before.project_file.keys() | after.project_file.keys()) - set(_PROJECT_KEYS)):
        old, new = before.project_file.get(key), after.project_file.get(key)
        if old != new:
            yield _not_judged(
                f"Pulumi.yaml.{key}", before.project, f"`{key}` of Pulumi.yaml differs", old, new
            )
    for key in sorted(before.stack_file.keys() | after.stack_file.keys()):
        old, new = before.stack_file.get(key), after.stack_file.get(key)
        if old != new:
            yield _not_judged(key, after.stack, f"`{key}` of the stack file differs", old, new)
    for key in sorted(before.config.keys() | after.config.keys()):
        old, new = before.config.get(key), after.config.get(key)
        if old != new and key == "pulumi:tags":
            yield StackChange(
                kind="program",
                subject=after.stack,
                text="the stack has other tags at Pulumi's service",
                effects=(Effect(consequence=Consequence.IN_PLACE, why=""),),
                differences=(Difference(path=key, before=old, after=new),),
            )
        elif old != new and key.partition(":")[0] not in _NAMESPACES:
            yield _not_judged(key, after.stack, f"the setting {key} differs", old, new)
    for version, evaluation in (("earlier", before), ("later", after)):
        if evaluation.probe_error:
            yield StackChange(
                kind="derivation",
                subject=after.stack,
                text=f"the {version} program stops when made-up values stand for what only the clouds know, so a value that it "
                f"derives otherwise from them may be missed here: {evaluation.probe_error}",
                effects=(Effect(consequence=Consequence.UNKNOWN, why=""),),
            )


def _not_judged(path: str, subject: str, text: str, old: Any, new: Any) -> StackChange:
    """What the engine reads and this preview does not: other plugins, environments, settings of the engine's own."""
    return StackChange(
        kind="program",
        subject=subject,
        text=f"{text}, which the engine reads and this preview does not",
        effects=(Effect(consequence=Consequence.UNKNOWN, why=""),),
        differences=(Difference(path=path, before=old, after=new),),
    )


def gone(before: Evaluation, file: str) -> StackChange:
    """The stack whose file is there no more."""
    return left_alone(
        before,
        kind="stack",
        subject=before.stack,
        text=f"its stack file {file} is gone",
    )


def succeeded(before: Evaluation, file: str, after: Evaluation) -> StackChange:
    """The stack whose file has another name now."""
    return left_alone(
        before,
        kind="stack",
        subject=before.stack,
        text=f"its stack file {file} is now that of {after.stack}, which to the engine is a new stack "
        f"(`pulumi stack rename {after.stack}` keeps it the same one)",
    )


def another_gone(file: str, stack: str) -> StackChange:
    """A stack beside the one compared whose file is there no more."""
    return StackChange(
        kind="stack",
        subject=stack,
        text=f"the stack file {file} is gone, so nobody deploys {stack} any more: compare it by its name, `--stack {stack}`",
    )


def left_alone(before: Evaluation, *, kind: Any, subject: str, text: str) -> StackChange:
    """Everything of the earlier stack keeps running, and nobody deploys it any more."""
    held = dict.fromkeys(
        (record.state, record.loss)
        for resource in before.resources
        if (record := record_of(resource.type)).state and record.loss
    )
    effects = [
        Effect(
            consequence=Consequence.DOWNTIME,
            why=f"all of {before.project}/{before.stack} is left running, and nobody deploys it any more: what a successor "
            "shares with it (hostnames, names) is taken",
        )
    ]
    losses: list[tuple[str, Loss | None]] = list(held)
    effects[:0] = [
        Effect(
            consequence=Consequence.DATA_LOSS,
            why=f"its {what} stays with it: a successor begins without",
            loss=loss,
        )
        for what, loss in losses
    ]
    return StackChange(kind=kind, subject=subject, text=text, effects=tuple(effects))


def _project_file(before: Evaluation, key: str, old: Any, new: Any) -> StackChange:
    difference = Difference(path=f"Pulumi.yaml.{key}", before=old, after=new)
    if key == "backend":
        found = left_alone(
            before,
            kind="project",
            subject=before.project,
            text="its state is kept in another place, where there is none of it",
        )
        return StackChange(**{**vars(found), "differences": (difference,)})
    other = _runtime(old) != _runtime(new) if key == "runtime" else False
    if key == "main":
        text = "each version is judged by the program that it names"
    elif other:
        text = "the engine runs another program than this preview does"
    else:
        text = "the engine runs the same program in another environment"
    return StackChange(
        kind="program",
        subject=before.project,
        text=f"`{key}` of Pulumi.yaml differs: {text}",
        effects=(Effect(consequence=Consequence.UNKNOWN if other else Consequence.NONE, why=""),),
        differences=(difference,),
    )


def _runtime(value: Any) -> Any:
    return value.get("name") if isinstance(value, dict) else value
