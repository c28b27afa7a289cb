"""A part's end of the line to a digital twin: joined, told, silent, and left."""

from __future__ import annotations

from typing import Any, ClassVar

from drivers.contract import DriverContext, DriverError
from drivers.twin_connection import line_of
from models.faults import Fault

UNREACHABLE = Fault(
    code="device.unreachable",
    meaning="The twin doesn't play this part, or plays it as a part that can't be reached",
    look_at="Whether `parkgate-sim twin` runs on this lot; the troubles in its scenario",
    does="Takes what the part last said for unknown and tells it nothing",
    ends="The part says its state again",
)


class TwinPart:
    """`None` from the twin: the part can't be reached."""

    kind: ClassVar[str]

    def __init__(self, context: DriverContext) -> None:
        self._context = context
        self._line = line_of(context.shared)
        self._reached = False

    async def start(self) -> None:
        if self._line.reached:
            self._line.join(self._context.part, self.kind, self._told)
        else:
            self._context.faults.raised(UNREACHABLE, "no twin is on the line")

    async def stop(self) -> None:
        self._line.leave(self._context.part)
        self._reached = False
        self._forget()

    def _told(self, said: Any) -> None:
        if said is None:
            self._reached = False
            self._context.faults.raised(UNREACHABLE, "the twin's part is silent")
            self._forget()
            return
        if not self._reached:
            self._reached = True
            self._context.faults.cleared(UNREACHABLE)
        self._understand(said)

    def _say(self, word: str, detail: Any = None) -> None:
        """Raises DriverError when nobody would hear it."""
        if not self._reached:
            raise DriverError(UNREACHABLE, "the twin's part can't be reached")
        self._line.say(self._context.part, word, detail)

    def _understand(self, said: Any) -> None: ...

    def _forget(self) -> None: ...
