"""When a lot asks the cloud where it stands, and which answer is one to its own question."""

from __future__ import annotations

from dataclasses import dataclass

from models.ids import StreamId
from models.instants import SECOND, Clock, Monotonic
from models.wire.standing import Answer

LOOK_EVERY_SECONDS = 1.0
_EVERY = 300 * SECOND
_ANSWERED_WITHIN = 30 * SECOND


@dataclass(frozen=True, slots=True)
class Question:
    """`marks`: the numbers of the facts it named. `held`: nothing was sent any more when it was asked."""

    nonce: str
    stream_id: StreamId
    marks: tuple[int, ...]
    held: bool
    at: Monotonic


class Questions:
    """One question at a time. Its nonce is good for one answer, so that nothing said before can be said again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: Question | None = None
        self._wanted, self._asked_at = False, Monotonic(0)

    def want(self) -> None:
        """Something is strange, or the link is new."""
        self._wanted = True

    def due(self) -> bool:
        since = self._clock.monotonic() - self._asked_at
        if self._open is not None:
            return since >= _ANSWERED_WITHIN
        return self._wanted or since >= _EVERY

    def asked(self, nonce: str, stream_id: StreamId, marks: tuple[int, ...], *, held: bool) -> None:
        self._asked_at, self._wanted = self._clock.monotonic(), False
        self._open = Question(nonce, stream_id, marks, held, self._asked_at)

    def answered(self, answer: Answer) -> Question | None:
        """The question, which is closed by this; None when there was none that this answers."""
        question = self._open
        if question is None or (question.nonce, question.stream_id) != (answer.nonce, answer.stream_id):
            return None
        self._open = None
        return question
