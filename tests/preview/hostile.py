"""What a pull request from a fork may put into a stack file, to be shown and never obeyed."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import strategies as st

from preview.analysis.gate import Gate, GateFinding
from preview.changes import Cause, Change, Comparison, Difference, Edited
from preview.findings import Posture
from preview.posture.judgement import evaluate_posture
from preview.report.report import Report, build
from preview.resource_types.type_names import ACCESS_APPLICATION, ACCESS_POLICY
from preview.resources import Evaluation, Resource

# What a fork may try: mentions, references, addresses, markup of every kind, ends of spans, cells, fences and comments.
HOSTILE = [
    "@octocat",
    "@org/team",
    "a.@octocat",
    "\\@octocat",
    "&#64;octocat",
    "&commat;octocat",
    "#1",
    "GH-1",
    "org/repo#1",
    "0123456789abcdef",
    "http://evil.example",
    "https://evil.example",
    "www.evil.example",
    "ops@evil.example",
    "mailto:a@b.example",
    "xmpp:a@b.example",
    "[a](http://b)",
    "![a](http://b)",
    "[a][b]",
    "[b]: http://c",
    "<http://a>",
    "<img src=x>",
    "</code>",
    "</details>",
    "<!--",
    "-->",
    "`",
    "``",
    "```",
    "~~~",
    "|",
    "\\|",
    "\\",
    "\\\\|",
    "||",
    "---",
    "===",
    "# a",
    "> a",
    "- a",
    "* a",
    "+ a",
    "1. a",
    "1) a",
    "    a",
    "\ta",
    "**",
    "__",
    "~~",
    "$x$",
    ":tada:",
    "[ ]",
    "[x]",
    "[^1]",
    "&lt;",
    "&#0;",
    "\n",
    "\r\n",
    "\n\n",
    "\0",
    "\x1b[31m",
    "\u202e",
    "\u2028",
    "\ud800",
    "a",
    "b.",
    "2",
    "2.",
    "2)",
    "(",
    ")",
    "'",
    '"',
    "«x.id»",
    "é",
    "\N{PILE OF POO}",
    "",
]
TEXT = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8)), max_size=8).map(
    lambda parts: " ".join(parts)
) | st.lists(st.sampled_from(HOSTILE), max_size=6).map("".join)


def hostile(evaluation: Evaluation, text: str) -> Evaluation:
    """The same stack with ``text`` in every place that a stack file's author can reach."""

    def spoiled(value: Any) -> Any:
        if isinstance(value, dict):
            # A path is compiled from a checked one by the program: no text of the author's.
            return {
                key: item if key in ("decision", "ipProtocol", "path") else spoiled(item)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [spoiled(item) for item in value]
        return value + text if isinstance(value, str) and not value.startswith("«") else value

    def changed(resource: Resource) -> Resource:
        # Others refer to applications and policies by their names: with another name their routes would be open.
        name = resource.name if resource.type in (ACCESS_APPLICATION, ACCESS_POLICY) else resource.name + text
        return dataclasses.replace(resource, inputs=spoiled(resource.inputs), name=name)

    return dataclasses.replace(
        evaluation,
        stack=evaluation.stack + text,
        resources=tuple(map(changed, evaluation.resources)),
        outputs=spoiled(evaluation.outputs),
        warnings=tuple(warning + text for warning in evaluation.warnings),
        user_data={name + text: body + text for name, body in evaluation.user_data.items()},
    )


def hostile_posture(evaluation: Evaluation, text: str) -> Posture:
    """The findings of the honest stack, with ``text`` in all that a stack file has a hand in."""
    posture = evaluate_posture(evaluation)
    findings = [
        dataclasses.replace(
            found,
            resource=found.resource + text,
            detail=found.detail + text,
            accepted=text if index % 2 else "",
        )
        for index, found in enumerate(posture.findings)
    ]
    return Posture(findings=tuple(findings), notes=(text,))


def hostile_comparison(comparison: Comparison, text: str) -> Comparison:
    """The same changes and exposures, with ``text`` in every name, value, line and sentence of theirs."""

    def leaf(value: Any) -> Any:
        return value + text if isinstance(value, str) else value

    def difference(item: Difference) -> Difference:
        return dataclasses.replace(
            item,
            path=item.path + text,
            before=leaf(item.before),
            after=leaf(item.after),
            lines=tuple(line + text.replace("\n", " ") for line in item.lines),
        )

    def change(item: Change) -> Change:
        return dataclasses.replace(
            item,
            name=item.name + text,
            effects=tuple(dataclasses.replace(effect, why=effect.why + text) for effect in item.effects),
            differences=tuple(map(difference, item.differences)),
        )

    exposed = (
        dataclasses.replace(item, subject=item.subject + text, text=item.text + text)
        for item in comparison.exposures
    )
    return dataclasses.replace(
        comparison,
        before=hostile(comparison.before, text),
        after=hostile(comparison.after, text),
        changes=tuple(map(change, comparison.changes)),
        exposures=tuple(exposed),
        errors=(text,),
    )


def hostile_gate(text: str) -> Gate:
    """A gate that names ``text`` wherever it names anything."""
    found = GateFinding(ground="exposure", subject=text, text=text)
    return Gate(closed_by=(found,), acknowledged=(dataclasses.replace(found, reason=text),), warnings=(text,))


def hostile_report(evaluation: Evaluation, text: str) -> Report:
    """The report on a stack with ``text`` all over it. Its posture is the honest one's: judging is another test's matter."""
    return dataclasses.replace(build(hostile(evaluation, text)), posture=hostile_posture(evaluation, text))


def hostile_comparison_report(comparison: Comparison, text: str) -> Report:
    """The report on a change with ``text`` in all that it says, the edits that caused it too."""
    change = hostile_comparison(comparison, text)
    urns = [changed.urn for changed in change.changed]
    edits = (
        Edited(path=f"env.A{text}", before=f"a{text}", after=f"b{text}"),
        Edited(path=f"env.B{text}", after=f"b{text}"),
        Edited(path=f"a file{text}"),
    )
    causes = (
        Cause(edits=edits, urns=frozenset(urns[:3])),
        Cause(edits=edits[:1], urns=frozenset(urns[2:4]), together=True),
    )
    change = dataclasses.replace(change, causes=causes)
    posture = hostile_posture(change.after, text)
    return dataclasses.replace(build(change.after, change, hostile_gate(text)), posture=posture)
