"""Images, and what a container may do on its machine."""

from __future__ import annotations

from preview.posture.compose import images
from preview.posture.program import Program
from preview.posture.rule import Broken, rule


@rule(
    id="image-mutable",
    severity="medium",
    title="An image has no version",
    promise="Images have versions",
    why="`latest` moves: two machines may run two versions, and nobody can go back to the one that worked.",
    fix="Name a version or a digest in the compose file.",
)
def image_mutable(program: Program) -> Broken:
    for name, service, image in images(program):
        last = image.rpartition("/")[2]
        if "@sha256:" not in image and (":" not in last or last.endswith(":latest")):
            yield name, f"service {service} runs {image}"


@rule(
    id="image-digest",
    severity="info",
    title="An image is not pinned by digest",
    promise="Images are pinned by digest",
    why="Who controls the registry can push another image under a tag; a digest cannot be moved.",
    fix="Write NAME:TAG@sha256:… for images that are not your own builds.",
)
def image_digest(program: Program) -> Broken:
    loose: dict[str, list[str]] = {}
    for name, service, image in images(program):
        if "@sha256:" not in image:
            loose.setdefault(name, []).append(service)
    for name, services in loose.items():
        yield name, f"pinned by tag: {', '.join(sorted(set(services)))}"
