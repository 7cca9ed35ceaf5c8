"""`drawbridge:acknowledge` and `drawbridge:suppress`: what a review has accepted."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ..errors import Invalid, did_you_mean
from ..posture import RULE_IDS
from .base import Section, Text, pattern

Ground = Literal["replace", "downtime", "exposure", "data-loss", "refused", "posture", "contract", "unknown"]
"""What the gate of `preview --fail-on` may close on."""


class Acknowledgement(Section):
    """One change of this pull request that may pass the gate of `preview --fail-on`."""

    change: Ground = Field(description="On which ground the gate closes.")
    of: Text = Field(
        description="What the gate names: a resource, a place such as app.example.com/admin, RULE/RESOURCE, an output."
    )
    reason: Text = Field(description="Why it may pass; shown in every report.")


def _known_rule(value: str) -> str:
    if value not in RULE_IDS:
        raise Invalid("the id of a rule in docs/posture.md", fix=did_you_mean(value, RULE_IDS))
    return value


def _date(value: Any) -> Any:
    try:
        return datetime.date.fromisoformat(str(value)[:10])
    except ValueError:
        raise ValueError("a date such as 2027-03-31") from None


class Suppression(Section):
    """A finding of the posture that was looked at and accepted. Every report shows it with its reason."""

    rule: Annotated[str, AfterValidator(_known_rule)] = Field(
        description="The rule's id (`docs/posture.md`)."
    )
    resource: Text = Field(description="The resource's name; * and ? stand for any text and any character.")
    reason: Annotated[str, pattern(r"(?s).{10,400}", "a sentence of 10 to 400 characters")] = Field(
        description="Why this is right here, in a sentence for the next reviewer."
    )
    until: Annotated[datetime.date, BeforeValidator(_date, json_schema_input_type=str)] | None = Field(
        default=None, description="The last day on which it holds, as in 2027-03-31; none: it holds."
    )
