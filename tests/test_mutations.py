"""The faults of `tests/mutations/` can be made in the code of today: one that cannot says nothing of the tests near it."""

from __future__ import annotations

from tests.evaluations import ROOT
from tests.mutations.faults import FAULTS


def test_every_fault_finds_its_text_just_once_and_tests_near_it() -> None:
    stale = [
        f"{fault.file}: {fault.old}"
        for fault in FAULTS
        if (ROOT / fault.file).read_text().count(fault.old) != 1
    ]
    absent = {
        place for fault in FAULTS for place in fault.tests if not (ROOT / place.partition("::")[0]).exists()
    }
    assert (stale, absent) == ([], set())
