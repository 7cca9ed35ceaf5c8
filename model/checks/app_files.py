"""Whether the app's files can be read, and lie beside each other on the instance."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ..compose.answers import Answers
from ..compose.file import Compose, parse
from ..errors import Finding, UnreadableFile, finding, problem
from ..lines import step
from ..settings import App

OVERRIDES = tuple(
    f"{name}.override.{ending}" for name in ("compose", "docker-compose") for ending in ("yaml", "yml")
)
"""What Compose merges over compose.yaml unasked. The first is Drawbridge's own; another would win over it."""


def read_app(
    app: App | None,
    read: Callable[[str], str],
    hidden: Collection[str],
    found: list[Finding],
    answers: Callable[[Compose], Answers] | None = None,
) -> tuple[Compose | None, str, dict[str, str]]:
    if app is None:
        return None, "", {}

    def text_of(place: str, path: str) -> str | None:
        try:
            return read(path)
        except (OSError, UnicodeDecodeError) as error:
            fix = "paths are relative to the folder of Pulumi.yaml"
            if isinstance(error, UnicodeDecodeError):
                found.append(finding(place, "a file of text in UTF-8", path))
            elif isinstance(error, FileNotFoundError):
                found.append(problem(place, f"file not found: {path}", fix))
            elif isinstance(error, UnreadableFile):
                found.append(finding(place, str(error), path, fix))
            else:
                found.append(problem(place, f"file cannot be read: {path} ({error.strerror or error})"))
            return None

    reserved = {"compose.yaml", ".env", *OVERRIDES}
    files: dict[str, str] = {}
    for target, source in app.files.items():
        place = step("app.files", target)
        if target.split("/")[0] in reserved:
            found.append(
                finding(
                    place,
                    f"a name other than {', '.join(sorted(reserved))}, which Drawbridge writes or Compose merges unasked",
                    target,
                )
            )
        below = sorted(other for other in app.files if other.startswith(target + "/"))
        if below:
            found.append(
                problem(
                    place, f"a file and a folder of this name: {below[0]} lies in it", "rename one of them"
                )
            )
        files[target] = text_of(place, source) or ""
    text = text_of("app.compose", app.compose)
    if text is None:
        return None, "", files
    compose = parse(text, app.compose, env=app.env, hidden=hidden, profiles=app.profiles, answers=answers)
    found += compose.findings
    return compose, text, files
