"""A resource that is renamed, moved or of another type under an alias is the same one, as the engine matches it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from preview.aliases import Urn, former_resources
from preview.analysis.verdict import compare
from preview.resources import Resource
from tests.preview.programs import BUCKET, ROLE, only, program, resource, urn
from tests.preview.versions import paths, program_changed

COMPONENT = "my:index:Thing"


def below(parent: str, type_: str, name: str, **options: Any) -> Resource:
    """A resource below a parent, with the URN that the engine gives it."""
    made = resource(type_, name, {}, **options)
    whole = str(Urn.of(parent).child(type_, name))
    return Resource(whole, made.type, made.name, parent, made.inputs, made.raw, made.options)


@pytest.mark.parametrize(
    ("old", "spec"),
    [
        (urn(BUCKET, "old"), {"name": "old", "parentUrn": ""}),
        (urn(BUCKET, "old"), {"name": "old", "noParent": True}),
        (urn("aws:s3/bucketV2:BucketV2", "new"), {"type": "aws:s3/bucketV2:BucketV2", "parentUrn": ""}),
        (f"urn:pulumi:stage::drawbridge::{BUCKET}::new", {"stack": "stage", "parentUrn": ""}),
        (f"urn:pulumi:prod::former::{BUCKET}::new", {"project": "former", "parentUrn": ""}),
        (
            f"urn:pulumi:prod::drawbridge::my:index:Old${BUCKET}::new",
            {"parentUrn": "urn:pulumi:prod::drawbridge::my:index:Old::p"},
        ),
    ],
)
def test_an_alias_names_by_whatever_part_of_it_is_given(old: str, spec: dict[str, Any]) -> None:
    was = Urn.of(old)
    before = Resource(old, was.type, was.name, "", {}, {}, resource(BUCKET, "x", {}).options)
    after = resource(BUCKET, "new", {}, aliases=[{"spec": spec}])
    assert former_resources(program(before), program(after)) == {after.urn: before}


def test_a_resource_that_had_no_parent_and_has_one_now_is_found_by_its_alias() -> None:
    parent = resource(COMPONENT, "p", {}, custom=False)
    moved = below(parent.urn, BUCKET, "b", aliases=[{"spec": {"noParent": True}}])
    change = only(compare(program(resource(BUCKET, "b", {})), program(parent, moved)), "b")
    assert (change.action, [d.path for d in change.differences]) == ("updated", ["options.parent"])
    without = below(parent.urn, BUCKET, "b")
    comparison = compare(program(resource(BUCKET, "b", {})), program(parent, without))
    assert comparison.count() == {"created": 1, "deleted": 1}


def test_children_inherit_the_alias_by_which_their_parent_was_found() -> None:
    old = resource(COMPONENT, "app", {}, custom=False)
    new = resource(COMPONENT, "web", {}, custom=False, aliases=[{"spec": {"name": "app", "parentUrn": ""}}])
    before = program(old, below(old.urn, BUCKET, "app-files"), below(old.urn, ROLE, "role"))
    after = program(new, below(new.urn, BUCKET, "web-files"), below(new.urn, ROLE, "role"))
    assert compare(before, after).count() == {"unchanged": 2}


def test_grandchildren_inherit_it_too_and_a_childs_own_alias_is_multiplied_out() -> None:
    old = resource(COMPONENT, "app", {}, custom=False)
    inner_old = below(old.urn, COMPONENT, "app-inner", custom=False)
    new = resource(COMPONENT, "web", {}, custom=False, aliases=[{"spec": {"name": "app"}}])
    inner_new = below(new.urn, COMPONENT, "web-inner", custom=False)
    leaf = below(inner_new.urn, BUCKET, "web-inner-new", aliases=[{"spec": {"name": "web-inner-old"}}])
    before = program(old, inner_old, below(inner_old.urn, BUCKET, "app-inner-old"))
    assert compare(before, program(new, inner_new, leaf)).count() == {"unchanged": 1}


def test_a_name_that_another_resource_bears_cannot_be_taken_over() -> None:
    both = program(resource(BUCKET, "a", {}), resource(BUCKET, "b", {}, aliases=[{"spec": {"name": "a"}}]))
    comparison = compare(program(resource(BUCKET, "a", {})), both)
    assert (only(comparison, "a").action, only(comparison, "b").action) == ("unchanged", "created")


def test_what_reads_a_renamed_resource_reads_the_same() -> None:
    def version(name: str, **options: Any) -> Any:
        role = resource(ROLE, name, {}, **options)
        return program(role, resource(BUCKET, "b", {"policy": f"«{name}.arn»"}, {"policy": [role.urn]}))

    renamed = version("new", aliases=[{"spec": {"name": "old", "parentUrn": ""}}])
    assert compare(version("old"), renamed).count() == {"unchanged": 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (
            "components/tunnel.py",
            "            tunnel_secret=secret,\n            opts=child,",
            "            tunnel_secret=secret,\n            opts=pulumi.ResourceOptions(\n"
            "                parent=self, aliases=[pulumi.Alias(name=names.tunnel)]),",
        ),
        (
            "components/storage.py",
            'super().__init__("drawbridge:index:Storage", name, {}, opts)',
            'super().__init__("drawbridge:index:Files", name, {}, pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="drawbridge:index:Storage")]))',
        ),
    ],
)
def test_a_renamed_resource_of_the_program_changes_nothing_where_it_has_an_alias(
    file: str, old: str, new: str, tmp_path: Path
) -> None:
    renamed = (file, "            names.tunnel,\n", '            f"{names.tunnel}-renamed",\n')
    edits = [(file, old, new)] + ([renamed] if "tunnel" in file else [])
    assert paths(program_changed(tmp_path, "image2model", *edits)) == {}
