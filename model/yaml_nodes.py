"""What a YAML document may be made of: how deep, how often aliases repeat its parts, and with which tags.

gopkg.in/yaml.v3 refuses a document most of whose values come from aliases, and an anchor whose value contains itself: without
these limits a file of a few lines fills the memory, or is never finished with.
"""

from __future__ import annotations

import yaml

DEEPEST = 100
"""Far more than any file needs. yaml.v3 goes to 10,000, where Python's stack ends long before."""


MOST_VALUES = 100_000
"""How many values a document may have once its aliases are written out; a compose file of 100 services has some 5,000."""


_CORE = "tag:yaml.org,2002:"
_TAGS: dict[type[yaml.Node], tuple[str, ...]] = {
    yaml.ScalarNode: ("str", "int", "float", "bool", "null", "merge"),
    yaml.SequenceNode: ("seq",),
    yaml.MappingNode: ("map",),
}


def check(document: yaml.Node | None, own_tags: tuple[str, ...] = ()) -> None:
    """Raises MarkedYAMLError, with the place, for what a document may not be made of."""
    if document is None:
        return
    sizes: dict[int, tuple[int, int, int]] = {}
    total, repeated, depth = _size(document, sizes, set(), own_tags)
    if depth > DEEPEST:
        raise too_deep(document.start_mark)
    # The numbers are yaml.v3's own (decode.go): up to 99 % of the values of a file of this size may come from aliases.
    if total > MOST_VALUES or (repeated > 100 and total > 1000 and repeated / total > 0.99):
        raise _refused(
            document,
            f"its aliases (*NAME) stand for {total:,} values, and a document has at most {MOST_VALUES:,}, not nearly all of "
            "them repeated; write out what they repeat, or repeat less",
        )


def _size(
    node: yaml.Node, sizes: dict[int, tuple[int, int, int]], above: set[int], own_tags: tuple[str, ...]
) -> tuple[int, int, int]:
    """How many values the node stands for once its aliases are written out, how many of these are repetitions, and how deep."""
    if id(node) in above:
        raise _refused(node, "an anchor (&NAME) contains an alias (*NAME) of itself; take the alias out")
    if id(node) in sizes:
        return sizes[id(node)]
    _check_tag(node, own_tags)
    above.add(id(node))
    children = []
    if isinstance(node, yaml.MappingNode):
        children = [child for pair in node.value for child in pair]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    total, repeated, deepest = 1, 0, 0
    for child in children:
        known = id(child) in sizes
        size, inside, depth = _size(child, sizes, above, own_tags)
        total += size
        repeated += size if known else inside
        deepest = max(deepest, depth)
    above.remove(id(node))
    sizes[id(node)] = total, repeated, deepest + 1
    return sizes[id(node)]


def _check_tag(node: yaml.Node, own_tags: tuple[str, ...]) -> None:
    kinds = next(tags for kind, tags in _TAGS.items() if isinstance(node, kind))
    tag = node.tag.removeprefix(_CORE)
    known = tag in kinds if node.tag.startswith(_CORE) else node.tag in ("!plain", *own_tags)
    if not known:
        shown = f"!!{tag}" if node.tag.startswith(_CORE) else node.tag
        raise _refused(node, f"the tag {shown} is not taken here; remove it, or put the value in quotes")


def too_deep(mark: yaml.Mark) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(
        problem=f"lists and mappings lie in each other more than {DEEPEST} deep", problem_mark=mark
    )


def _refused(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
