"""The expressions of GitHub's workflows, `${{ … }}`: parsed and evaluated as GitHub does.

    evaluate("github.event_name == 'push' && success()", {"github": {...}}, {"success": lambda: True})
    render("plan-${{ matrix.stack }}", contexts, functions)      # the text with every expression in it replaced
    condition("!cancelled()", contexts, functions)               # a truth value, as of an `if:`

Precedence, coercion and messages follow
https://github.com/actions/languageservices/tree/main/expressions, whose test cases judge this file.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .workflow_values import (
    ARGUMENTS,
    COMPARISONS,
    FUNCTIONS,
    STAR,
    ExpressionError,
    at,
    to_number,
    to_text,
    truthy,
)

Functions = Mapping[str, Callable[..., Any]]
DEEPEST = 50
_TOKENS = re.compile(
    r"(?P<blank>\s+)|(?P<string>'(?:[^']|'')*')|(?P<operator>==|!=|<=|>=|&&|\|\||[()\[\],!<>*])"
    r"|(?P<word>[^\s()\[\],.!<>=&|]+|[=&|][^\s()\[\],.!<>=&|]*|.)"
)
_BOUNDARY = "()[],!<>=&|"
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "NaN": math.nan, "Infinity": math.inf}


@dataclass(frozen=True)
class Token:
    kind: str  # "literal", "name", "operator", "end"
    text: str
    value: Any
    column: int


def tokens(text: str) -> list[Token]:
    """The tokens, an `end` last. ExpressionError: a symbol that there is not."""
    found: list[Token] = []
    place = 0

    def refuse(symbol: str) -> ExpressionError:
        return ExpressionError(
            f"Unexpected symbol: '{symbol}'. Located at position {place + 1} within expression: {text}"
        )

    while place < len(text):
        previous = found[-1] if found else None
        after_value = previous is not None and (previous.kind == "name" or previous.text in ("]", ")", "*"))
        if text[place] == "." and after_value:
            found.append(Token("operator", ".", None, place))
            place += 1
            continue
        if text[place] in "+-.0123456789":
            end = place + 1
            while end < len(text) and not text[end].isspace() and text[end] not in _BOUNDARY:
                end += 1
            number = to_number(text[place:end])
            if math.isnan(number):
                raise refuse(text[place:end])
            found.append(Token("literal", text[place:end], number, place))
            place = end
            continue
        match = _TOKENS.match(text, place)
        if match is None or (text[place] == "'" and match.lastgroup != "string"):
            raise refuse(text[place:])
        symbol = match[0]
        if match.lastgroup == "string":
            found.append(Token("literal", symbol[1:-1], symbol[1:-1].replace("''", "'"), place))
        elif match.lastgroup == "operator":
            found.append(Token("operator", symbol, None, place))
        elif match.lastgroup == "word":
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", symbol):
                raise refuse(symbol)
            literal = symbol in _WORDS and not (previous and previous.text == ".")
            found.append(Token("literal" if literal else "name", symbol, _WORDS.get(symbol), place))
        place = match.end()
    return [*found, Token("end", "", None, len(text))]


class Parser:
    """Evaluates while it parses would short-circuit wrongly: this makes closures, which `evaluate` calls."""

    def __init__(self, text: str, contexts: Mapping[str, Any], functions: Functions) -> None:
        self.text = text
        self.contexts = {name.lower(): value for name, value in contexts.items()}
        self.functions = {**FUNCTIONS, **{name.lower(): call for name, call in functions.items()}}
        self.tokens = tokens(text)
        self.place = self.depth = 0

    def parse(self) -> Callable[[], Any]:
        if self.peek.kind == "end":
            return lambda: None
        found = self.any_of()
        if self.peek.kind != "end":
            raise self.error("Unexpected symbol")
        return found

    @property
    def peek(self) -> Token:
        return self.tokens[self.place]

    def take(self, *texts: str) -> Token | None:
        token = self.peek
        if token.kind == "operator" and token.text in texts:
            self.place += 1
            return token
        return None

    def need(self, text: str) -> None:
        if self.take(text) is None:
            raise self.error("Unexpected symbol")

    def error(self, what: str, token: Token | None = None) -> ExpressionError:
        token = token or self.peek
        shown = "EOF" if token.kind == "end" else token.text
        return ExpressionError(
            f"{what}: '{shown}'. Located at position {token.column + 1} within expression: {self.text}"
        )

    def deeper(self, by: int = 1) -> None:
        self.depth += by
        if self.depth > DEEPEST:
            raise self.error(f"Exceeded max expression depth {DEEPEST}")

    def any_of(self) -> Callable[[], Any]:
        self.deeper()
        parts = self.joined(
            "||", lambda: self.joined("&&", self.equality, truthy), lambda value: not truthy(value)
        )
        self.depth -= 1
        return parts

    def joined(
        self, operator: str, part: Callable[[], Callable[[], Any]], goes_on: Callable[[Any], bool]
    ) -> Callable[[], Any]:
        parts = [part()]
        if self.peek.text == operator and self.peek.kind == "operator":
            self.deeper()
            while self.take(operator):
                parts.append(part())
            self.depth -= 1

        def value() -> Any:
            found = None
            for each in parts:
                found = each()
                if not goes_on(found):
                    break
            return found

        return parts[0] if len(parts) == 1 else value

    def equality(self) -> Callable[[], Any]:
        return self.binary(("==", "!="), lambda: self.binary(("<", "<=", ">", ">="), self.negated))

    def binary(self, operators: tuple[str, ...], part: Callable[[], Callable[[], Any]]) -> Callable[[], Any]:
        left = part()
        while token := self.take(*operators):
            left = _compared(token.text, left, part())
        return left

    def negated(self) -> Callable[[], Any]:
        if not self.take("!"):
            return self.indexed()
        self.deeper()
        inner = self.negated()
        self.depth -= 1
        return lambda: not truthy(inner())

    def indexed(self) -> Callable[[], Any]:
        token = self.peek
        value = self.primary()
        if token.kind == "literal":
            return value
        steps = 0
        while True:
            if self.take("["):
                index = (lambda: STAR) if self.take("*") else self.any_of()
                self.need("]")
            elif self.take("."):
                name = self.peek
                if self.take("*"):
                    index = lambda: STAR  # noqa: E731
                elif name.kind == "name":
                    self.place += 1
                    index = lambda text=name.text: text  # noqa: E731
                else:
                    raise self.error("Unexpected symbol")
            else:
                break
            self.deeper()
            steps += 1
            value = _index_of(value, index)
        self.depth -= steps
        return value

    def primary(self) -> Callable[[], Any]:
        token = self.peek
        if token.kind == "literal":
            self.place += 1
            return lambda: token.value
        if token.kind == "name":
            self.place += 1
            return self.call(token) if self.take("(") else self.context(token)
        if self.take("("):
            inner = self.any_of()
            if self.peek.kind == "end":
                raise self.error("Unexpected end of expression", self.tokens[self.place - 1])
            self.need(")")
            return inner
        if token.kind == "end":
            raise self.error("Unexpected end of expression", self.tokens[self.place - 1])
        raise self.error("Unexpected symbol")

    def context(self, token: Token) -> Callable[[], Any]:
        name = token.text.lower()
        if name not in self.contexts:
            raise self.error("Unrecognized named-value", token)
        return lambda: self.contexts[name]

    def call(self, token: Token) -> Callable[[], Any]:
        arguments: list[Callable[[], Any]] = []
        while not self.take(")"):
            arguments.append(self.any_of())
            if self.peek.text != ")":
                self.need(",")
        name = token.text.lower()
        function = self.functions.get(name)
        if function is None:
            raise self.error("Unrecognized function", token)
        least, most = ARGUMENTS.get(name, (0, 255))
        if len(arguments) < least:
            raise self.error("Too few parameters supplied", token)
        if len(arguments) > most:
            raise self.error("Too many parameters supplied", token)
        if name == "case" and len(arguments) % 2 == 0:
            what = "Even number of parameters supplied, requires an odd number of parameters"
            raise self.error(what, token)
        return lambda: function(*(argument() for argument in arguments))


def _index_of(value: Callable[[], Any], index: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: at(value(), index())


def _compared(operator: str, left: Callable[[], Any], right: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: COMPARISONS[operator](left(), right())


def evaluate(text: str, contexts: Mapping[str, Any], functions: Functions | None = None) -> Any:
    """The value of an expression without its `${{ }}`. ExpressionError: it has none."""
    return Parser(text, contexts, functions or {}).parse()()


_PARTS = re.compile(r"\$\{\{((?:[^'}]|'(?:[^']|'')*'|\}(?!\}))*)\}\}")


def value_of(text: Any, contexts: Mapping[str, Any], functions: Functions | None = None) -> Any:
    """A value of the YAML: what is one expression and nothing else keeps its kind, as a matrix needs it."""
    if isinstance(text, dict):
        return {key: value_of(item, contexts, functions) for key, item in text.items()}
    if isinstance(text, list):
        return [value_of(item, contexts, functions) for item in text]
    if not isinstance(text, str):
        return text
    whole = _PARTS.fullmatch(text.strip())
    return evaluate(whole[1].strip(), contexts, functions) if whole else render(text, contexts, functions)


def render(text: Any, contexts: Mapping[str, Any], functions: Functions | None = None) -> str:
    """A text of the YAML with the values of its expressions in it."""
    if not isinstance(text, str):
        return to_text(text)
    return _PARTS.sub(lambda part: to_text(evaluate(part[1].strip(), contexts, functions)), text)


def condition(text: Any, contexts: Mapping[str, Any], functions: Functions) -> bool:
    """An `if:`; without a function that asks for the status, GitHub puts `success() &&` before it."""
    if not isinstance(text, str):
        text = to_text(text)
    whole = _PARTS.fullmatch(text.strip())
    if not whole and "${{" in text:
        raise ExpressionError(f"if: text around an expression is always true: {text}")
    inner = (whole[1] if whole else text).strip()
    words = [token.text.lower() for token in tokens(inner) if token.kind == "name"]
    if not {"always", "success", "failure", "cancelled"} & set(words):
        inner = f"success() && ({inner})" if inner else "success()"
    return truthy(evaluate(inner, contexts, functions))
