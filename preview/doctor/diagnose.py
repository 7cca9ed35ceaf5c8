"""All questions, asked at once, and their answers in order."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from preview.doctor import account, images, logins, quotas, taken, token, tools, vpc, zone
from preview.doctor.answers import STATUSES, Diagnosis
from preview.doctor.context import Context, Question

QUESTIONS: Sequence[Question] = (
    *tools.QUESTIONS,
    *account.QUESTIONS,
    *vpc.QUESTIONS,
    *quotas.QUESTIONS,
    *token.QUESTIONS,
    *zone.QUESTIONS,
    *taken.QUESTIONS,
    *logins.QUESTIONS,
    *images.QUESTIONS,
)
AT_ONCE = 8


def diagnose(context: Context) -> Diagnosis:
    """Ask everything. Nothing is made, changed or deleted by it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [answer for given in pool.map(lambda ask: ask(context), QUESTIONS) for answer in given]
    answers.sort(key=lambda answer: STATUSES.index(answer.status))
    evaluation = context.wanted.evaluation
    return Diagnosis(project=evaluation.project, stack=evaluation.stack, answers=tuple(answers))
