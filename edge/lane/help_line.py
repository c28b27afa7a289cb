"""What a driver who calls for a person is told: that somebody comes only where somebody hears of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.lane.actions import Show
from models.phrases.phrase import Phrase

COMING = Phrase.HELP_IS_COMING
"""As the lane's machine says it, which knows nothing of links."""


@dataclass(frozen=True)
class HelpLine:
    """`is_heard`: whether a call reaches anybody beyond this lot now; `number`: what a driver can ring instead."""

    is_heard: Callable[[], bool] = lambda: True
    number: str | None = None

    def answer(self, coming: Show) -> Show:
        """What is true now of a call that the lane has answered with `coming`."""
        if self.is_heard():
            return coming
        if self.number:
            return Show(Phrase.PLEASE_CALL.of(number=self.number), coming.asks)
        return Show(Phrase.CALL_IS_NOTED, coming.asks)

    @property
    def line(self) -> str:
        """For whoever has just called."""
        return self.answer(Show(COMING)).line
