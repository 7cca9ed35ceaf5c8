"""The names by which tests imported `tests.evaluations` before; new tests import from there."""

from tests.evaluations import (  # noqa: F401
    DELIVERIES,
    EXAMPLES,
    ROOT,
    canary,
    deployed,
    example_file,
    secret_names,
)
