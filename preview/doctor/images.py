"""Can the machines pull the images that their compose files name?"""

from __future__ import annotations

from collections.abc import Iterator

from model.settings.host import Host
from preview.doctor.answers import Answer, Unasked
from preview.doctor.context import Context, question
from preview.doctor.registry import Found, reference

NAME = "images"


@question(NAME)
def pulled(context: Context) -> Iterator[Answer]:
    architecture = Host.model_validate({"instanceType": context.wanted.instance_type}).architecture
    on_hub: list[str] = []
    limit: tuple[int, int] | None = None
    for image, services in context.wanted.images.items():
        place = f"{image} ({', '.join(services)})"
        registry = reference(image).registry
        logged_in = registry in context.wanted.registries
        if "«" in image or "$" in image:
            yield Answer(
                check=NAME,
                status="unknown",
                text=f"{place}: its name is known on the machine alone",
                fix="write it out",
            )
            continue
        try:
            found = context.registry.find(image)
        except Unasked as reason:
            yield Answer(
                check=NAME,
                status="unknown",
                text=f"{place}: {reason}",
                fix=f"docker manifest inspect {image}",
            )
            continue
        limit = found.limit or limit
        if registry == "docker.io" and not logged_in:
            on_hub.append(image)
        yield _answer(image, place, found, logged_in, f"linux/{architecture}", registry)
    if limit and on_hub:
        yield _limited(context, on_hub, limit)


def _answer(image: str, place: str, found: Found, logged_in: bool, platform: str, registry: str) -> Answer:
    look = f"docker manifest inspect {image}"
    if found.status == "there":
        if found.platforms and platform not in found.platforms:
            return Answer(
                check=NAME,
                status="refused",
                text=f"{place}: not built for the machines' {platform}, but for {', '.join(sorted(found.platforms))}",
                fix=f"build it for {platform} too (`docker buildx build --platform`), or a host.instanceType of its architecture",
            )
        if not found.platforms:
            return Answer(
                check=NAME,
                status="unknown",
                text=f"{place}: it is there; whether it is built for {platform}, its manifest does not say",
                fix=f"docker image inspect --format '{{{{.Architecture}}}}' {image}",
            )
        return Answer(check=NAME, status="fine", text=f"{place}: it is there for {platform}")
    if found.status == "limited":
        text = f"{place}: {registry} answers that too many were pulled from here"
        return Answer(check=NAME, status="unknown", text=text, fix="ask again later")
    if logged_in:
        return Answer(
            check=NAME,
            status="unknown",
            text=f"{place}: {registry} shows it to nobody without a login, and the machines' own is not tried here",
            fix=f"docker login {registry}, with the account of app.registries; then {look}",
        )
    if found.status == "missing":
        return Answer(
            check=NAME,
            status="refused",
            text=f"{place}: {registry} has no such image",
            fix="push it, or correct its tag or digest in the compose file",
        )
    return Answer(
        check=NAME,
        status="refused",
        text=f"{place}: {registry} asks for a login, or has no such image, and the machines have none",
        fix=f"app.registries: [{{server: {registry}, username: …, password: NAME}}], or make the image public",
    )


def _limited(context: Context, images: list[str], limit: tuple[int, int]) -> Answer:
    pulls, hours = len(set(images)) * context.wanted.replicas, limit[1] / 3600
    text = f"Docker Hub lets {limit[0]} images in {hours:g} h be pulled from one address without a login"
    if len(set(images)) > limit[0]:
        return Answer(
            check=NAME,
            status="refused",
            text=f"{text}, and one machine pulls {len(set(images))}",
            fix="app.registries: [{server: docker.io, username: …, password: NAME}]",
        )
    return Answer(
        check=NAME,
        status="fine",
        text=f"{text}; a release pulls {pulls}, each machine from an address of its own",
    )


QUESTIONS = (pulled,)
