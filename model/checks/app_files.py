"""Whether the app's files can be read, and lie beside each other on the instance."""

from __future__ import annotations

from collections.abc import Callable

from ..compose.file import Compose, parse
from ..errors import Finding, UnreadableFile, finding
from ..settings import App


def read_app(
    app: App | None, read: Callable[[str], str], found: list[Finding]
) -> tuple[Compose | None, str, dict[str, str]]:
    if app is None:
        return None, "", {}

    def text_of(place: str, path: str) -> str | None:
        try:
            return read(path)
        except (OSError, UnicodeDecodeError) as error:
            reason = "text in UTF-8" if isinstance(error, UnicodeDecodeError) else "a file of the project"
            reason = str(error) if isinstance(error, UnreadableFile) else reason
            found.append(finding(place, reason, path, "Paths are relative to the folder of Pulumi.yaml."))
            return None

    reserved = {"compose.yaml", "overlay.yaml", ".env"}
    files: dict[str, str] = {}
    for target, source in app.files.items():
        if target.split("/")[0] in reserved:
            found.append(finding(f"app/files/{target}", f"a name other than {', '.join(sorted(reserved))}"))
        below = sorted(other for other in app.files if other.startswith(target + "/"))
        if below:
            found.append(
                finding(f"app/files/{target}", f"a file or a folder, not both; {below[0]} lies in it")
            )
        files[target] = text_of(f"app/files/{target}", source) or ""
    text = text_of("app/compose", app.compose)
    if text is None:
        return None, "", files
    compose = parse(text)
    found += compose.findings
    return compose, text, files
