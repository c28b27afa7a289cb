"""What every step of the walk is given: the person, the clock, and what was allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.doctor.findings import Finding
from edge.doctor.walk.voice import Voice
from models.instants import Clock

YES = "yes"


@dataclass(frozen=True)
class Guide:
    """`pulses_allowed`: --yes-pulse was said, so that no question is asked before an arm is raised."""

    voice: Voice
    clock: Clock
    tell: Callable[[Finding], None]
    patience: float
    pulses_allowed: bool = False

    async def may_raise(self, question: str) -> bool:
        return self.pulses_allowed or await self.says_yes(question)

    async def says_yes(self, question: str) -> bool:
        """Only the whole word will do, typed after the question was read."""
        return (await self.voice.ask(f'{question} Type "{YES}":')).lower() == YES
