"""One notation of paths, compiled into the dialects of cloudflared, Access and the rules language.

    /healthz        this path, with or without a / at its end
    /admin/*        /admin itself and everything below it
    /api/upload*    everything that begins so

The three dialects differ in ways that open doors: cloudflared matches a regular expression anywhere in the decoded path;
Access's `/admin/*` leaves out `/admin`, and its `/admin` takes in all below; the rules language has no path type at all.
Writing each by hand is how a path ends up protected in one and open in another. docs/paths.md has the sources.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

# What may stand in a pattern: RFC 3986's pchar without percent-encoding, which every dialect decodes differently, and
# without `;`, where some frameworks end a segment.
_PATTERN = re.compile(r"/[A-Za-z0-9\-._~!$&'()+,=:@/]*\*?")


@dataclass(frozen=True, order=True)
class PathPattern:
    """A parsed path pattern: `kind` says how `literal` is to be continued."""

    literal: str
    kind: Literal["exact", "below", "prefix"]

    @classmethod
    def parse(cls, text: str) -> PathPattern:
        """Raises ValueError with the rule that the text breaks."""
        if not text.startswith("/"):
            raise ValueError("a path that starts with /")
        if "*" in text[:-1]:
            raise ValueError(
                "a path with a * only at its end: /admin/* (it and all below) or /api/upload* (a prefix)"
            )
        if not _PATTERN.fullmatch(text):
            raise ValueError(
                "a path of letters, digits and -._~!$&'()+,=:@/, without percent-encoding, query, ; or spaces"
            )
        if "//" in text or re.search(r"/\.{1,2}(/|\*|$)", text):
            raise ValueError(
                "a path without empty and dot segments, which the edge normalises away before rules see them"
            )
        if text == "/*":
            raise ValueError("a path below /; for the whole host, leave `path` out")
        if text.endswith("/") and text != "/":
            raise ValueError(f"{text[:-1]}, which stands for {text} too, or {text}* for all below")
        if text.endswith("/*"):
            return cls(text[:-2], "below")
        if text.endswith("*"):
            return cls(text[:-1], "prefix")
        return cls(text, "exact")

    def __str__(self) -> str:
        return self.literal + {"exact": "", "below": "/*", "prefix": "*"}[self.kind]

    def matches(self, path: str) -> bool:
        """What the notation means, on a decoded path: the reference that every dialect is tested against."""
        if self.kind == "prefix":
            return path.startswith(self.literal)
        if path == self.literal or (path == self.literal + "/" and self.literal != "/"):
            return True
        return self.kind == "below" and path.startswith(self.literal + "/")

    def lower(self) -> PathPattern:
        return PathPattern(self.literal.lower(), self.kind)

    def regex(self) -> str:
        """For cloudflared: RE2 on the decoded path, anchored because cloudflared itself matches anywhere."""
        escaped = _escape(self.literal)
        slash = "" if self.literal == "/" else "/?"
        return {"exact": f"^{escaped}{slash}$", "below": f"^{escaped}(/|$)", "prefix": f"^{escaped}"}[
            self.kind
        ]

    @classmethod
    def from_regex(cls, text: str) -> PathPattern:
        """The pattern that `regex` was made from; a regular expression of another origin is taken for a prefix."""
        if text == "^/$":
            return cls("/", "exact")
        text = text.removeprefix("^")
        endings: dict[str, Literal["exact", "below", "prefix"]] = {
            "(/|$)": "below",
            "/?$": "exact",
            "": "prefix",
        }
        ending = next(ending for ending in endings if text.endswith(ending))
        return cls(re.sub(r"\\(.)", r"\1", text.removesuffix(ending)), endings[ending])

    def destinations(self, hostname: str) -> tuple[str, ...]:
        """For Access: the application's destinations, side by side because `/admin/*` does not cover `/admin`."""
        base = hostname + self.literal
        return {"exact": (base,), "below": (base, base + "/*"), "prefix": (base + "*",)}[self.kind]

    def expression(self, field: str = "http.request.uri.path") -> str:
        """For the rules language; without regular expressions, which need a Business plan."""
        if self.kind == "prefix":
            return f"starts_with({field}, {quote(self.literal)})"
        if self.kind == "below":
            return f"({field} eq {quote(self.literal)} or starts_with({field}, {quote(self.literal + '/')}))"
        if self.literal == "/":
            return f"{field} eq {quote(self.literal)}"
        return f"{field} in {{{quote(self.literal)} {quote(self.literal + '/')}}}"


def quote(text: str) -> str:
    """A string literal of the rules language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _escape(literal: str) -> str:
    """Escape what RE2 reads as syntax; `re.escape` also escapes what RE2 would show as noise, such as `/` and `-`."""
    return re.sub(r"([.+*?()\[\]{}|^$\\])", r"\\\1", literal)
