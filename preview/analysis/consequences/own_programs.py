"""What a release means by the machine's own programs: Drawbridge's boot and agent, and the units that run them.

They decide when a machine is ready, in what order it starts and what it deletes. What another text of theirs means nobody
can say without a real boot, so it is unknown; comments, messages, names of variables and plain numbers are none of it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from preview.analysis.consequences.context import unknown
from preview.analysis.exposures.machine_files import APP, SECRETS, SPECIFICATION, Machine
from preview.changes import Effect

_UNIT = re.compile(r"\.(?:service|timer|socket|path|mount|target)$|/systemd/.*\.conf$")
_ASIDE = re.compile(
    r"^(?:Description|Documentation|AccuracySec|RandomizedDelaySec|SyslogIdentifier)\s*=|^[#;]"
)
_MESSAGE = re.compile(r"^(?:say|echo|logger|step)\b")
_CONDITION = re.compile(r"\(\(|\[|\btest\b")
_NUMBER = re.compile(r"(?<![\w.$-])\d+(?:\.\d+)?[smhd]?(?![\w.])")
_SPEAKERS = ("fail", "log", "print", "say", "warn")


def own_programs(old: Machine, new: Machine) -> Iterator[Effect]:
    for path in sorted(old.files.keys() & new.files.keys()):
        was, now = old.files[path].content, new.files[path].content
        if was == now or path.startswith(APP) or path in (SPECIFICATION, SECRETS):
            continue
        for what in _changed(path, was, now):
            yield unknown(
                f"{what}, a part of the machine's own program: whether machines still become ready, serve and stop without "
                "failed requests is not known here"
            )


def _changed(path: str, was: str, now: str) -> Iterator[str]:
    first = now.partition("\n")[0]
    if _UNIT.search(path):
        if _directives(was) != _directives(now):
            yield f"{path} has other directives"
    elif re.match(r"#!.*\bpython", first):
        yield from _functions(path, was, now)
    elif re.match(r"#!.*sh\b", first) and _commands(was) != _commands(now):
        yield f"{path} runs other commands, or in another order"


def _directives(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    # Its times follow from the stack file's own.
    return [_NUMBER.sub("0", line) for line in lines if line and not _ASIDE.match(line)]


def _commands(text: str) -> list[str]:
    """The lines of a shell program, without comments and messages, and with the numbers of its conditions alone."""
    found = []
    for line in text.splitlines():
        bare = re.sub(r"(?:^|\s)#.*", "", line).strip()
        if bare and not _MESSAGE.match(bare):
            found.append(bare if _CONDITION.search(bare) else _NUMBER.sub("0", bare))
    return found


def _functions(path: str, was: str, now: str) -> Iterator[str]:
    try:
        before, after = _shapes(was), _shapes(now)
    except (SyntaxError, ValueError, RecursionError):
        yield f"{path} is another text"
        return
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield f"{path} is another in " + (f"`{name}`" if name else "what it does outside of functions")


def _shapes(text: str) -> Mapping[str, str]:
    """Each function of a module, and under "" what is outside of them, as text that says what is done and in what order."""
    found, rest = {}, []
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[statement.name] = ast.dump(_Plain(_own_names(statement)).visit(statement))
        elif not _is_text(statement):
            rest.append(ast.dump(_Plain({}).visit(statement)))
    return {**found, "": "\n".join(rest)}


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _own_names(statement: ast.AST) -> dict[str, str]:
    """Its parameters' and variables' names, each by its turn: what they are called does nothing."""
    inside = [
        node.arg if isinstance(node, ast.arg) else node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    ]
    shared = {
        name
        for node in ast.walk(statement)
        if isinstance(node, ast.Global | ast.Nonlocal)
        for name in node.names
    }
    return {name: f"${turn}" for turn, name in enumerate(dict.fromkeys(inside)) if name not in shared}


class _Plain(ast.NodeTransformer):
    """Takes out what decides nothing: docstrings, messages, variables' names, and numbers that nothing is compared with."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def generic_visit(self, node: ast.AST) -> ast.AST:
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [part for part in body if not _is_text(part)]  # type: ignore[attr-defined]
        return super().generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(id=self._names.get(node.id, node.id), ctx=node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(arg=self._names.get(node.arg, node.arg))

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        return _Exact(self._names).generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in _SPEAKERS:
            return ast.Call(func=node.func, args=[], keywords=[])
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        return ast.Constant(value=0) if number else node


class _Exact(_Plain):
    """For what is compared: numbers stay."""

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return node
