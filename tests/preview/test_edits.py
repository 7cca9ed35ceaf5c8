"""What an author edited, place by place, each of which can be made alone."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from preview.diff.edits import Edit, parsed, stack_edits

KEY = "drawbridge:app"
documents = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.text("ab«·»{[", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc.", max_size=2), inner, max_size=4)
    ),
    max_leaves=20,
)


def config(document: Any) -> dict[str, str]:
    return {KEY: json.dumps(document)}


def test_a_leaf_is_named_as_it_is_written_in_the_file() -> None:
    before = config({"env": {"RELEASE": "v1", "KEEP": "x"}, "storage": ["a"]})
    after = config({"env": {"RELEASE": "v2", "KEEP": "x"}, "storage": ["a"]})
    (edit,) = stack_edits(before, after)
    assert (edit.path, edit.before, edit.after) == ("app.env.RELEASE", "v1", "v2")


def test_an_element_of_a_list_is_named_by_its_index() -> None:
    before = {"drawbridge:routes": json.dumps([{"hostname": "a"}, {"hostname": "b"}])}
    after = {"drawbridge:routes": json.dumps([{"hostname": "a"}, {"hostname": "c"}])}
    assert [edit.path for edit in stack_edits(before, after)] == ["routes[1].hostname"]


def test_an_added_element_is_one_edit_and_moves_no_other() -> None:
    before = {"drawbridge:routes": json.dumps([{"hostname": "a"}, {"hostname": "b"}])}
    after = {"drawbridge:routes": json.dumps([{"hostname": "a"}, {"hostname": "new"}, {"hostname": "b"}])}
    (edit,) = stack_edits(before, after)
    assert (edit.path, edit.before, edit.after) == ("routes[1]", None, [{"hostname": "new"}])


def test_a_key_that_comes_or_goes_is_an_edit_of_its_own() -> None:
    gone, came = stack_edits({"aws:profile": "old", KEY: "{}"}, {KEY: "{}", "aws:region": "eu-west-1"})
    assert (gone.path, gone.before, gone.after) == ("aws:profile", "old", None)
    assert (came.path, came.before, came.after) == ("aws:region", None, "eu-west-1")
    assert gone.apply({"aws:profile": "old", KEY: "{}"}) == {KEY: "{}"}


def test_a_key_with_a_dot_is_quoted() -> None:
    (edit,) = stack_edits(config({"files": {"nginx/a.conf": "x"}}), config({"files": {"nginx/a.conf": "y"}}))
    assert edit.path == 'app.files["nginx/a.conf"]'


@given(documents, documents)
def test_all_edits_together_make_the_later_version(old: Any, new: Any) -> None:
    before, after = config({"it": old}), config({"it": new})
    made = before
    for edit in reversed(stack_edits(before, after)):
        made = edit.apply(made)
    assert parsed(made[KEY]) == parsed(after[KEY])


@given(documents)
def test_a_version_has_no_edits_against_itself(document: Any) -> None:
    assert stack_edits(config(document), config(document)) == []


def test_an_edit_leaves_the_configuration_that_it_is_made_in_as_it_was() -> None:
    before = config({"a": {"b": 1}})
    Edit(key=KEY, place=("a", "b"), before=1, after=2).apply(before)
    assert before == config({"a": {"b": 1}})
