"""`drawbridge:alerts`: alarms, and who receives them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Email, Section


class Alerts(Section):
    """Whom to tell what."""

    emails: tuple[Email, ...] = Field(
        min_length=1, description="Who is told; AWS asks each address to confirm once."
    )
    disk_percent: Annotated[int, Field(ge=1, le=99)] = Field(
        default=80, description="A machine's disk is fuller than this."
    )
    memory_percent: Annotated[int, Field(ge=1, le=99)] = Field(
        default=90, description="A machine's memory is fuller than this."
    )
    errors_per_5_minutes: Annotated[int, Field(ge=1)] = Field(
        default=10,
        alias="errorsPer5Minutes",
        description="More lines with ERROR or CRITICAL in the logs (CloudWatch logs only).",
    )
