"""Cloudflare's rules language, as far as this project writes it: an expression and a request in, true or false out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([A-Za-z_][\w.]*)|([(){},]))')
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "lower": str.lower,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}


def matches(expression: str, fields: Mapping[str, str]) -> bool:
    """``fields`` maps names such as `http.host` to the request's values. What is not known raises ValueError."""
    reader = _Reader(list(_tokens(expression)), fields)
    result = reader.disjunction()
    if reader.tokens:
        raise ValueError(f"cannot read {reader.tokens[0]} in {expression}")
    return bool(result)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if not found:
            raise ValueError(f"cannot read {text[position:]}")
        literal, word, sign = found.groups()
        if literal is not None:
            yield "text", re.sub(r"\\(.)", r"\1", literal)
        else:
            yield ("word", word) if word else ("sign", sign)
        position = found.end()


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]], fields: Mapping[str, str]) -> None:
        self.tokens, self.fields = tokens, fields

    def take(self, *wanted: tuple[str, str]) -> bool:
        if self.tokens and self.tokens[0] in wanted:
            self.tokens.pop(0)
            return True
        return False

    def need(self, sign: str) -> None:
        if not self.take(("sign", sign)):
            raise ValueError(f"{sign} expected before {self.tokens[:1]}")

    def disjunction(self) -> bool:
        result = self.conjunction()
        while self.take(("word", "or")):
            result = self.conjunction() or result
        return result

    def conjunction(self) -> bool:
        result = self.negation()
        while self.take(("word", "and")):
            result = self.negation() and result
        return result

    def negation(self) -> bool:
        if self.take(("word", "not")):
            return not self.negation()
        if self.take(("sign", "(")):
            result = self.disjunction()
            self.need(")")
            return result
        return self.comparison()

    def comparison(self) -> bool:
        left = self.value()
        if self.take(("word", "eq")):
            return bool(left == self.value())
        if self.take(("word", "contains")):
            return self.value() in left
        if self.take(("word", "in")):
            self.need("{")
            members = []
            while not self.take(("sign", "}")):
                members.append(self.value())
            return left in members
        if isinstance(left, bool):
            return left
        raise ValueError(f"a comparison expected before {self.tokens[:1]}")

    def value(self) -> Any:
        if not self.tokens:
            raise ValueError("a value expected at the end")
        kind, text = self.tokens.pop(0)
        if kind == "text":
            return text
        if kind == "word" and text in _FUNCTIONS:
            self.need("(")
            given = [self.value()]
            while self.take(("sign", ",")):
                given.append(self.value())
            self.need(")")
            return _FUNCTIONS[text](*given)
        if kind == "word" and text in self.fields:
            return self.fields[text]
        raise ValueError(f"a field that this reader does not know: {text}")
