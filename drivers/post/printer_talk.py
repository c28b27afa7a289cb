"""Questions to an open printer and its answers, apart from the answers to other questions."""

from __future__ import annotations

from drivers.over_serial.kept_open import within
from drivers.over_serial.stream import Stream
from drivers.post.printer_state import ASKED, PrinterState, answers_at_once, answers_in_turn, question, state
from models.instants import Clock

ANSWER_SECONDS = 1.5


class PrinterTalk:
    """One connection. `printed`: the printer has answered in its turn, so all that was said before is on paper."""

    def __init__(self, stream: Stream, clock: Clock) -> None:
        self._stream, self._clock = stream, clock
        self.printed = False
        stream.forget_what_was_said()

    async def say(self, words: bytes) -> None:
        """Until the printer has it, as far as this machine can tell. Raises OSError."""
        await self._stream.write(words)
        await self._stream.drained(self._clock)

    async def state(self) -> PrinterState:
        """Raises OSError, also when the printer doesn't answer."""
        return state(*[await within(self._clock, ANSWER_SECONDS, self._ask(what)) for what in ASKED])

    async def _ask(self, what: int) -> int:
        await self._stream.write(question(what))
        while True:
            answer: int | None = None
            for byte in await self._stream.read():
                if answers_at_once(byte):
                    answer = byte
                elif answers_in_turn(byte):
                    self.printed = True
            if answer is not None:
                return answer
