"""When a vote that doesn't become certain is put to the driver as a question: is this your plate? Pure."""

from __future__ import annotations

from dataclasses import dataclass

from edge.vision.voting.vote import Verdict
from models.instants import SECOND, Monotonic

TIME_TO_ANSWER = 3 * SECOND
"""A question stays for at least this long, so that nobody says yes to a plate that has just replaced another."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a vehicle's driver was asked last."""

    text: str
    at: Monotonic


def next_question(
    verdict: Verdict, since: Monotonic, at: Monotonic, after: int, asked: Question | None
) -> Question | None:
    """What to ask now about a vehicle that is read since `since`, if anything. `after` is in microseconds.

    Each question once: another only when another plate leads.
    """
    if verdict.certain or not verdict.likely or at - since < after:
        return None
    if asked is not None and (asked.text == verdict.text or at - asked.at < TIME_TO_ANSWER):
        return None
    return Question(verdict.text, at)
