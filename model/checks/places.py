"""Whether every place that a service writes to is named: lasting (`app.storage`), or one that may be lost (`app.scratch`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..compose.file import Compose, Service
from ..compose.interpolation import UNKNOWN
from ..compose.known_images import ENGINE_FOLDERS, ONE_WRITER, Image, keeps_elsewhere, known_image
from ..compose.places import Place, covers, of_service, places
from ..errors import Finding, finding, problem
from ..lines import step
from ..settings import App

_SQLITE_URL = re.compile(
    r"(?:sqlite3?|jdbc:sqlite|jdbc:h2(?::file)?|file):(?P<slashes>/*)(?P<path>[^/].*)", re.IGNORECASE
)
_SQLITE_FILE = re.compile(r"(?P<slashes>/)(?P<path>.*\.(?:sqlite3?|db3?))", re.IGNORECASE)


def check(compose: Compose, app: App, warnings: list[str]) -> list[Finding]:
    found = list(_lists(compose, app))
    for place in places(compose):
        if not place.read_only:
            found += _unnamed(compose, place, app)
            if place.kind == "volume" and place.source in app.storage:
                found += _one_writer(compose, place)
    unused = _unused(compose, app)
    for name in unused:
        said = f"no service mounts the volume '{name}', and it is in neither app.storage nor app.scratch"
        warnings.append(
            f"{compose.place(step('volumes', name))}: {said}; remove it, or name it in one of them"
        )
    for name, service in compose.running.items():
        warnings += _unmounted(compose, name, service, app)
    return found


def _lists(compose: Compose, app: App) -> Iterator[Finding]:
    """`app.storage` and `app.scratch` name what there is, and nothing twice."""
    declared = ", ".join(sorted(compose.volumes)) or "none"
    for position, volume in enumerate(app.storage):
        place = f"app.storage[{position}]"
        if volume not in compose.volumes:
            yield finding(place, f"a volume under `volumes` of {compose.file} ({declared})", volume)
        elif not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*", volume):
            yield finding(place, "a volume whose name begins with a letter or digit, as Docker's do", volume)
        elif compose.volumes[volume].get("external") or compose.volumes[volume].get("driver_opts"):
            yield finding(
                place,
                f"a volume without `external` and `driver_opts` in {compose.file}",
                volume,
                "remove these: Drawbridge decides where the volume lies",
            )
    written = {place.name for place in places(compose)} | set(compose.volumes)
    written |= {f"{name}:{folder}" for name, service in compose.running.items() for folder in _kept(service)}
    for position, name in enumerate(app.scratch):
        place = f"app.scratch[{position}]"
        if name in app.storage:
            yield problem(place, f"'{name}' is in app.storage too", "keep it in one of them")
        elif name not in written:
            there = ", ".join(sorted(written)) or "none"
            yield finding(place, f"a volume, or SERVICE:/PLACE that is written to ({there})", name)


_WHERE = {
    "anonymous": "lies in a volume without a name, which goes with its container",
    "machine": "lies on the machine's own disk, and is lost with the machine",
}


def _unnamed(compose: Compose, place: Place, app: App) -> Iterator[Finding]:
    if place.name in app.scratch or place.kind in ("memory", "text"):
        return
    if place.kind == "volume":
        if place.source in app.storage or place.source not in compose.volumes or UNKNOWN in place.source:
            return
        yield compose.problem(
            step("volumes", place.source),
            f"the volume is in neither app.storage nor app.scratch: what '{place.service}' writes to {place.target} would be "
            "lost with its machine",
            f"list '{place.source}' in app.storage (it lasts), or in app.scratch if it may be lost with each release",
        )
        return
    yield compose.problem(
        f"{step('services', place.service)}.volumes",
        f"what '{place.service}' writes to {place.target} {_WHERE[place.kind]}",
        f"mount a volume of `volumes` there and list it in app.storage, or list '{place.name}' in app.scratch if it may be lost "
        "with each release",
    )


def _unused(compose: Compose, app: App) -> list[str]:
    mounted = {volume for service in compose.services.values() for volume in service.volumes}
    return sorted(set(compose.volumes) - mounted - set(app.storage) - set(app.scratch))


def _one_writer(compose: Compose, place: Place) -> Iterator[Finding]:
    """A server's own files, or SQLite's, on a file system that the old and the new machine of a release share."""
    service = compose.services[place.service]
    record = _server(service, place)
    if record is not None:
        what = f"the data of {record.called}"
        fix = (
            "use drawbridge:database instead, or keep it outside of this stack"
            if record.called in ("PostgreSQL", "MySQL", "MariaDB")
            else f"keep {record.called} outside of this stack, or list '{place.source}' in app.scratch if it may be lost with "
            "each release"
        )
        if record.kind == "sqlite":
            what = f"the database file of {record.called}"
            fix = (
                f"let {record.called} use drawbridge:database ({', '.join(record.otherwise) or 'if it can'})"
            )
    else:
        variable = _sqlite_variable(service, place)
        if variable is None:
            return
        what = f"SQLite's file, which {variable} names"
        fix = "let the app use drawbridge:database, or put the file into a place of app.scratch if it may be lost"
    yield compose.problem(
        f"{step('services', place.service)}.volumes",
        f"{place.source} is in app.storage and holds {what} ({place.target}): it bears one writer, and a release runs the new "
        "machine beside the old one on the same files, over NFS, where locks between machines do not keep them apart",
        fix,
    )


def _server(service: Service, place: Place) -> Image | None:
    record = known_image(service.image)
    if record is not None and record.kind in ONE_WRITER:
        inside = any(covers(place.target, folder) or covers(folder, place.target) for folder in record.keeps)
        if inside and not (record.kind == "sqlite" and keeps_elsewhere(record, service.environment)):
            return record
        return None
    return next((image for folder, image in ENGINE_FOLDERS if covers(folder, place.target)), None)


def _sqlite_variable(service: Service, place: Place) -> str | None:
    """A variable that names a file of SQLite's in this place, or one of which the folder is not said."""
    for name, value in sorted(service.environment.items()):
        match = _SQLITE_URL.match(value or "") or _SQLITE_FILE.fullmatch(value or "")
        if match is None or match["path"].startswith(":memory:"):
            continue
        path = "/" + match["path"].partition("?")[0]
        folder = path.rpartition("/")[0]
        # sqlite://x.db is relative; sqlite:///data/x.db is relative to some drivers, and absolute to others.
        relative = len(match["slashes"]) in (0, 2)
        either = len(match["slashes"]) == 3 and folder and place.target.endswith(folder)
        if relative or either or covers(place.target, path):
            return name
    return None


def _kept(service: Service) -> tuple[str, ...]:
    """The folders that the image of a service is known to keep, where nothing else has them."""
    record = known_image(service.image)
    if record is None or (record.kind == "sqlite" and keeps_elsewhere(record, service.environment)):
        return ()
    return record.keeps


def _unmounted(compose: Compose, name: str, service: Service, app: App) -> Iterator[str]:
    """The image is known to keep files, and nothing is mounted where it does."""
    record = known_image(service.image)
    folders = _kept(service)
    if record is None or not folders or service.one_shot or name in (app.once or ()):
        return
    mounted = [place.target for place in of_service(name, service)]
    named = [text.partition(":")[2] for text in app.scratch if text.startswith(f"{name}:")]
    if any(
        covers(place, folder) or covers(folder, place) for place in (*mounted, *named) for folder in folders
    ):
        return
    yield (
        f"{compose.place(step('services', name))}: {record.called} keeps its data in {folders[0]}, where nothing is mounted: "
        f"it is lost with its container; mount a volume there, or list '{name}:{folders[0]}' in app.scratch if it may be lost"
    )
