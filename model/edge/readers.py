"""How each reader of a request's path takes it: Access, the connector, and the app. Sources and models: docs/paths.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from .access_applications import Application, destination_covers
from .matching import PROBE


def normalised(raw: str) -> str:
    """A path after the edge's URL normalisation of type `cloudflare` (rules/normalization/how-it-works)."""
    path = re.sub(r"/{2,}", "/", raw.replace("\\", "/"))
    path = re.sub(
        r"%[0-9a-fA-F]{2}",
        lambda m: c if re.fullmatch(r"[\w.~-]", c := chr(int(m[0][1:], 16)), re.ASCII) else m[0].upper(),
        path,
    )
    path = re.sub(r"[^\x00-\x7f]", lambda m: _encoded(m[0]), path)
    return _without_dots(path)


def _encoded(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))


def decoded(path: str) -> str:
    """A path as the connector matches it: Go's URL.Path, percent-decoded once and otherwise as it came."""
    return unquote(path, errors="surrogateescape")


def lax(raw: str) -> str:
    """A path as the most forgiving app might read it: decoded twice, between which it ends at `?` and `#`, `\\` as `/`, without
    `;parameters`, empty and dot segments, control characters, a / at the end, and in small letters."""
    # Who decodes and hands the path on, hands it to somebody who cuts it off at ? and #.
    path = re.split("[?#]", unquote(raw, errors="replace"))[0]
    path = unquote(path, errors="replace").replace("\\", "/")
    path = re.sub(r"[\x00-\x1f]", "", re.sub(r";[^/]*", "", path))
    return (_without_dots(re.sub(r"/{2,}", "/", path)).rstrip("/") or "/").lower()


def application_for(apps: Sequence[Application], host: str, path: str) -> Application | None:
    """Access's choice as documented: the most specific destination that covers the URL, and no inheritance beside it."""
    best: tuple[tuple[bool, int], Application] | None = None
    for app in apps:
        for uri in app.destinations:
            pattern, slash, rest = uri.partition("/")
            if not _one_level(pattern, host) or not destination_covers(slash + rest, path):
                continue
            rank = (not pattern.startswith("*."), len(rest.rstrip("*")))
            if best is None or rank > best[0]:
                best = (rank, app)
    return best[1] if best else None


def _one_level(pattern: str, host: str) -> bool:
    """`*.example.com` covers alpha.example.com and neither example.com nor foo.bar.example.com."""
    return pattern == host or (pattern.startswith("*.") and host.partition(".")[2] == pattern[2:])


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for position, segment in enumerate(segments):
        last = position == len(segments) - 1
        if segment == "..":
            del kept[-1:]
        if segment not in (".", ".."):
            kept.append(segment)
        elif last:
            kept.append("")
    return "/" + "/".join(kept)


def spellings(path: str) -> Iterator[str]:
    """The path as it may be sent: ways of writing it that one reader or another takes for the same."""
    raw = path.replace(PROBE, "zq9")
    head, _, tail = raw[1:].partition("/")
    yield raw
    yield raw + "/"
    yield raw.swapcase()
    yield "/" + head.swapcase() + raw[1 + len(head) :]
    yield raw[: len(raw) - len(tail)] + tail.swapcase()
    yield "/" + "".join(f"%{ord(mark):02X}" for mark in head[:1]) + raw[1 + len(head[:1]) :]
    yield re.sub(r"[^/\w.~-]", lambda m: f"%{ord(m[0]):02X}", raw, flags=re.ASCII)
    for odd in (
        "//",
        "/./",
        "/x/../",
        "/%2e/",
        "/x/%2e%2e/",
        "/x/..%2f",
        "\\",
        "/\\",
        "/;a/",
        "/%3b/",
        "/%00",
        "/x%2f..%2f",
    ):
        yield odd + raw[1:]
    for slash in ("%2f", "%5c", "%252f", "//", "/./", "\\", ";a/", "%c0%af"):
        yield "/" + slash.join(raw[1:].split("/")) if "/" in raw[1:] else raw + slash
    for end in (
        "/.",
        "/x/..",
        ";",
        ";a=b",
        "%00",
        "%0a",
        "%2e",
        "/%2e",
        "%3f",
        "%3Fx",
        "%23x",
        "%e0%80%af",
        "%f0%80%80%af",
    ):
        yield raw + end
    # From inside a public path into another one.
    yield f"{raw}/..{raw}"
    yield f"{raw}/..%2f..%2f"
    yield f"{raw}%2f..%2f"
