"""Where each place that the services write to shall lie."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

from model.compose.file import Compose, Service
from model.compose.known_images import Image, keeps_elsewhere, known_image
from model.compose.places import Place, covers, of_service
from preview.new.proposal import HAS_SINGLE, Proposal
from preview.new.services import kept

MOST_FILES = 40
MOST_BYTES = 64 * 1024

_LOST = re.compile(
    r"(^|/)(tmp|temp|cache|caches|logs?|run|consume|consumption)$|/var/log|cache", re.IGNORECASE
)
_CACHES = ("Redis",)


def propose(compose: Compose, folder: Path, prefix: str, proposal: Proposal) -> None:
    """``folder`` has the compose file, ``prefix`` is the same from the project's folder."""
    uses_database = proposal.database is not None
    for name, service in kept(compose, proposal):
        targets = []
        for place in of_service(name, service):
            targets.append(place.target)
            if place.kind == "memory" or place.target.startswith("/etc/drawbridge"):
                continue
            if place.kind == "text" and _text(compose, place, folder, prefix, proposal):
                continue
            if place.read_only and place.kind == "machine":
                continue  # judged by the checks, and a person's to answer
            _place(service, place, uses_database, proposal)
        record = known_image(service.image)
        if (
            record is None
            or not record.keeps
            or _elsewhere(record, service, uses_database)
            or record.called in _CACHES
        ):
            continue
        if not any(covers(t, folder_) or covers(folder_, t) for t in targets for folder_ in record.keeps):
            place = Place(service=name, kind="anonymous", source="", target=record.keeps[0], read_only=False)
            _place(service, place, uses_database, proposal)
    if proposal.single and not HAS_SINGLE:
        names = ", ".join(proposal.single)
        proposal.questions.append(
            f"drawbridge:app: where shall {names} lie? By its image or for want of a database this bears one writer, and two "
            "machines have what is in app.storage during a release: list it there if it is plain files, in app.scratch if it may "
            "be lost, or let the app use drawbridge:database"
        )
    for name, body in compose.secrets.items():
        _file_of(str(body.get("file") or ""), folder, prefix, proposal, f"secrets.{name}")
    for name, body in compose.configs.items():
        _file_of(str(body.get("file") or ""), folder, prefix, proposal, f"configs.{name}")


def _elsewhere(record: Image, service: Service, uses_database: bool) -> bool:
    return record.kind == "sqlite" and keeps_elsewhere(record, service.environment)


def _text(compose: Compose, place: Place, folder: Path, prefix: str, proposal: Proposal) -> bool:
    """A file or a folder of files beside the compose file; False where it is none, so that data lie there."""
    source = folder / place.source
    relative = posixpath.normpath(place.source)
    if relative.startswith(".."):
        return False
    if source.is_file():
        _add(relative, prefix, proposal)
        return True
    if source.is_dir():
        files = sorted(path for path in source.rglob("*") if path.is_file())
        if files and len(files) <= MOST_FILES and sum(path.stat().st_size for path in files) <= MOST_BYTES:
            for path in files:
                _add(posixpath.join(relative, path.relative_to(source).as_posix()), prefix, proposal)
            return True
    if posixpath.splitext(posixpath.basename(relative))[1] in (
        ".conf",
        ".toml",
        ".yml",
        ".yaml",
        ".json",
        ".ini",
        ".sh",
        ".sql",
        ".env",
        ".xml",
        ".cfg",
        ".template",
    ) or (posixpath.basename(place.target) in ("Caddyfile", "nginx.conf")):
        proposal.questions.append(
            f"drawbridge:app files: where is {relative}, which '{place.service}' mounts at {place.target}? It is not beside "
            f"{compose.file}"
        )
        return True
    return False


def _file_of(file: str, folder: Path, prefix: str, proposal: Proposal, place: str) -> None:
    relative = posixpath.normpath(file) if file else ""
    if relative and not relative.startswith(("/", "..")) and (folder / relative).is_file():
        _add(relative, prefix, proposal)
        if place.startswith("secrets"):
            proposal.because(
                "files",
                f"{place} comes from {relative}: as a secret it is `environment: NAME` and app.secrets",
            )


def _add(relative: str, prefix: str, proposal: Proposal) -> None:
    proposal.files[relative] = posixpath.join(prefix, relative) if prefix else relative
    proposal.because("files", "text beside the compose file, put on each machine")


def _place(service: Service, place: Place, uses_database: bool, proposal: Proposal) -> None:
    if place.kind == "volume":
        name = place.source
    else:
        name = _name(place, proposal.mounts)
        proposal.mounts[f"{place.service}:{place.target}"] = name
        proposal.because(
            "mounts", "a folder of the machine, or a volume without a name, lies in a volume instead"
        )
    kind, reason = _kind(service, place, uses_database)
    lists: Mapping[str, list[str]] = {
        "storage": proposal.storage,
        "single": proposal.single,
        "scratch": proposal.scratch,
    }
    held = next((key for key, names in lists.items() if name in names), None)
    order = ("scratch", "storage", "single")
    if held and order.index(held) >= order.index(kind):
        return
    if held:
        lists[held].remove(name)
    lists[kind].append(name)
    proposal.because(kind, f"{name}: {reason}")


def _name(place: Place, taken: Mapping[str, str]) -> str:
    """A volume's name: after the folder that it takes the place of; one folder of several services is one volume."""
    base = (
        posixpath.basename(posixpath.normpath(place.source))
        if place.source
        else posixpath.basename(place.target)
    )
    base = re.sub(r"[^A-Za-z0-9_.-]", "-", base).strip("-._") or "data"
    shared = place.source and not place.source.startswith("/")
    return (
        base
        if shared and len(posixpath.normpath(place.source).split("/")) == 1
        else f"{place.service}-{base}"
    )


def _kind(service: Service, place: Place, uses_database: bool) -> tuple[str, str]:
    record = known_image(service.image)
    if record is not None and (
        covers(place.target, record.keeps[0])
        or any(covers(k, place.target) or covers(place.target, k) for k in record.keeps)
    ):
        if record.called in _CACHES:
            return (
                "scratch",
                f"{record.called} is taken for a cache and a queue that may be lost with a release",
            )
        if record.kind in ("database", "broker", "index"):
            return "single", f"the data of {record.called}, which bears one writer"
        if record.kind == "sqlite" and not keeps_elsewhere(record, service.environment):
            return "single", f"{record.called} keeps a database file there, which bears one writer"
        return "storage", f"files of {record.called}"
    if _LOST.search(place.target) or (place.source and _LOST.search(place.source)):
        return "scratch", f"by its name, what lies at {place.target} may be lost with a release"
    if uses_database or any(
        re.search("mysql|mariadb|postgres", str(v or ""), re.IGNORECASE) for v in service.environment.values()
    ):
        return "storage", f"files that '{service.name}' writes to {place.target}"
    return (
        "single",
        f"'{service.name}' has no database and may keep a file of one in {place.target}, which bears one writer",
    )
