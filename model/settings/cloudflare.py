"""`drawbridge:cloudflare`: the account and the zone."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..limits import Plan
from .base import Domain, Hex32, Section, pattern


class Cloudflare(Section):
    """The account, and the one zone that every hostname of the stack lies in."""

    account_id: Hex32 = Field(description="The account's id.")
    zone_id: Hex32 = Field(description="The zone's id.")
    zone: Domain = Field(description="The zone's name; every hostname lies in it.")
    plan: Plan = Field(
        description="The zone's plan. What you ask for is checked against it before the API is asked."
    )
    team: Annotated[
        str, pattern(r"[a-z0-9][a-z0-9-]{0,62}", "the team name alone, as in TEAM.cloudflareaccess.com")
    ] = Field(description="The Zero Trust team: TEAM.cloudflareaccess.com.")
