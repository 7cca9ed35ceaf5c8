"""A comparison told edit by edit."""

from __future__ import annotations

import dataclasses

from preview.analysis.verdict import compare
from preview.changes import Cause, Comparison, Consequence, Edited, Effect, Loss
from preview.report import change_tables
from preview.report.diagram.changed import of_report
from preview.report.groups import Group, groups, title
from preview.report.markdown import to_markdown
from preview.report.report import build
from tests.evaluations import deployed

RELEASE = Edited(path="app.env.RELEASE", before="v2.3.1", after="v2.4.0")
CLASS = Edited(path="database.instanceClass", before="db.t4g.micro", after="db.t4g.small")


def comparison(**changes: object) -> Comparison:
    return compare(deployed("image2model"), deployed("image2model", **changes))


def restarted() -> Comparison:
    """A larger machine and a larger database."""
    return comparison(
        host={"instanceType": "t3.large", "diskGiB": 30, "replicas": 1},
        database={"version": "16", "instanceClass": "db.t4g.small", "storageGiB": 20, "name": "image2model"},
    )


def with_causes(change: Comparison, *causes: tuple[Edited, tuple[str, ...]]) -> Comparison:
    """Each edit causes the changes whose names end so."""
    made = tuple(
        Cause(edits=(edit,), urns=frozenset(c.urn for c in change.changed if c.name.endswith(ends)))
        for edit, ends in causes
    )
    return dataclasses.replace(change, causes=made)


def shape(group: Group) -> tuple[tuple[str, ...], Consequence, list[str], list[str]]:
    changed, following = (
        [c.name.removeprefix("drawbridge-prod-") for c in side] for side in (group.changes, group.follow)
    )
    return tuple(edit.path for edit in group.edits), group.consequence, changed, following


def test_the_edit_with_the_worst_consequence_comes_first() -> None:
    found = groups(
        with_causes(restarted(), (RELEASE, ("-group", "-template", "-machines")), (CLASS, ("-postgres",)))
    )
    assert [shape(group) for group in found] == [
        (("database.instanceClass",), Consequence.DOWNTIME, ["database-postgres"], []),
        (
            ("app.env.RELEASE",),
            Consequence.ROLLING,
            ["host-group", "host-template"],
            ["alerts-machines"],
        ),
    ]


def test_a_change_stands_under_one_edit_and_is_named_under_the_others() -> None:
    found = groups(with_causes(restarted(), (RELEASE, ("-group",)), (CLASS, ("-postgres", "-group"))))
    named = [[change.name for change in group.elsewhere] for group in found]
    assert sorted(len(group.changes) for group in found)[-1] >= 1
    assert sum(names.count("drawbridge-prod-host-group") for names in named) == 1


def test_every_changed_resource_is_told_once() -> None:
    change = with_causes(restarted(), (RELEASE, ("-group",)), (CLASS, ("-postgres", "-group")))
    told = [c.urn for group in groups(change) for c in (*group.changes, *group.follow)]
    assert sorted(told) == sorted(c.urn for c in change.changed)


def test_what_no_edit_explains_is_said_to_be_unexplained() -> None:
    found = groups(restarted())
    assert [group.edits for group in found] == [()]
    assert change_tables.causes(found).rows[0].cells[0] == "not known"


def test_the_row_of_an_edit_says_what_it_means_and_for_what() -> None:
    found = groups(
        with_causes(restarted(), (CLASS, ("-postgres",)), (RELEASE, ("-group", "-template", "-machines")))
    )
    assert change_tables.causes(found).rows[1].cells == (
        "app.env.RELEASE: v2.3.1 → v2.4.0",
        "rolling, no downtime: drawbridge-prod-host-group: a release: new machines serve before the old ones go",
        "1 updated, 1 rolling and 1 that follow",
    )


def test_places_that_come_go_or_only_change_are_titled_so() -> None:
    assert [title(edit) for edit in (RELEASE, Edited(path="a", after="1"), Edited(path="b", before="2"))] == [
        "app.env.RELEASE: v2.3.1 → v2.4.0",
        "a: added 1",
        "b: removed 2",
    ]
    assert title(Edited(path="components/host.py")) == "components/host.py edited"


def test_the_comment_of_a_small_change_stays_under_a_screen() -> None:
    change = comparison(alerts={"emails": ["ops@example.com"], "diskPercent": 85})
    edit = Edited(path="alerts.diskPercent", before="80", after="85")
    change = dataclasses.replace(
        change, causes=(Cause(edits=(edit,), urns=frozenset(c.urn for c in change.changed)),)
    )
    from preview.analysis import gate

    written = to_markdown(build(change.after, change, gate.decide(change, [])))
    depth, visible = 0, []
    for line in written.splitlines():
        depth -= line == "</details>"
        if depth == 0 or (depth == 1 and line.startswith("<summary>")):
            visible.append(line)
        depth += line == "<details>"
    assert depth == 0
    assert len([line for line in visible if line and line != "<details>"]) <= 16


# The diagram of a change ------------------------------------------------------------------------------------------------


def marks(change: Comparison) -> dict[str, str]:
    from preview.analysis import gate

    known = of_report(build(change.after, change, gate.decide(change, [])))
    cards = [*known.routes, *(card for card, _ in known.state)]
    return {card.title: card.lines[-1][0] for card in cards if card.lines[-1][1] == "mark"}


def test_routes_that_come_go_and_open_are_marked() -> None:
    change = comparison(
        routes=[
            {"hostname": "models.example.com", "service": "http://nginx:80", "access": "public"},
            {"hostname": "new.example.com", "service": "http_status:404", "access": "public"},
        ]
    )
    assert marks(change) == {
        "models.example.com": "! opens to others",
        "new.example.com": "+ new",
        "admin.example.com/api/v1/admin/*": "− removed",
        "models.example.com/api/v1/admin/*": "− removed",
    }


def test_machines_and_database_say_what_becomes_of_them() -> None:
    from preview.analysis import gate

    change = restarted()
    known = of_report(build(change.after, change, gate.decide(change, [])))
    assert known.release == "↻ replaced, new before old"
    assert marks(change) == {"PostgreSQL 16": "~ changed in place"}


def test_a_stack_that_is_new_has_no_marks() -> None:
    from preview.evaluate.against import nothing

    after = deployed("image2model")
    assert marks(compare(nothing(after), after)) == {}


# What is lost ------------------------------------------------------------------------------------------------------------


def head(change: Comparison) -> tuple[str, str]:
    from preview.analysis import gate
    from preview.report.headline import headline

    said = headline(change, gate.decide(change, []))
    return said.tone, said.title


def losing(**losses: Loss) -> Comparison:
    """The resources whose names end so lose what is said."""
    effect = lambda loss: Effect(consequence=Consequence.DATA_LOSS, why="it goes", loss=loss)  # noqa: E731
    change = restarted()
    changes = tuple(
        dataclasses.replace(
            c, effects=tuple(effect(loss) for ends, loss in losses.items() if c.name.endswith(ends))
        )
        for c in change.changes
    )
    return dataclasses.replace(change, changes=changes)


def test_the_first_line_names_the_database_before_all_else_that_is_lost() -> None:
    tone, text = head(losing(group="logs", postgres="rows", template="secrets", machines="keys"))
    assert tone == "bad"
    assert text == (
        "Data loss: the database's rows (drawbridge-prod-database-postgres); "
        "keys, with all that they encrypt (drawbridge-prod-alerts-machines); a secret's value and logs"
    )


def test_days_of_logs_are_not_called_data_loss() -> None:
    assert head(losing(group="logs")) == ("warn", "Goes for good: logs (drawbridge-prod-host-group)")
