"""One visit of the doctor: the round of checks, then the walk, if it is wanted and nobody else has the hardware."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.doctor.checks.camera import Eye
from edge.doctor.checks.daemon import STOP
from edge.doctor.findings import PASSIVE, WALKED, About, Finding, Verdict, worst
from edge.doctor.rounds import Check, Told, checks, go_round
from edge.doctor.subject import Subject
from edge.doctor.walk.alone import NotAlone, alone_on
from edge.doctor.walk.guide import Guide
from edge.doctor.walk.through import walk
from edge.doctor.walk.voice import Voice

_ABOUT = About("walk", "lot")
EVERYTHING = (*PASSIVE, *WALKED)


@dataclass
class Visit:
    """`findings` grows as they are found, so that a visit that is broken off has something to show."""

    subject: Subject
    only: Collection[str] = EVERYTHING
    pictures: Path | None = None
    findings: list[Finding] = field(default_factory=list[Finding])
    skipped: bool = False
    """Whether there was to be a walk and none was made"""
    _eyes: list[Eye] = field(default_factory=list[Eye])

    @property
    def in_vain(self) -> bool:
        """Whether a walk was all that was wanted, and it wasn't made."""
        return self.skipped and worst(self.findings) is Verdict.SKIPPED

    def round(self) -> list[Check]:
        """The checks that ask nobody, not yet begun."""
        wanted, self._eyes = checks(self.subject, self.only, self._folder)
        return wanted

    async def look(self, wanted: list[Check], told: Told) -> None:
        try:
            self.findings += await go_round(wanted, self.subject.machine.clock, told)
        finally:
            for eye in self._eyes:
                eye.close()

    async def walk(
        self, voice: Voice, patience: float, told: Callable[[Finding], None], pulses_allowed: bool = False
    ) -> None:
        def tell(finding: Finding) -> None:
            self.findings.append(finding)
            told(finding)

        if refusal := self._why_no_walk(pulses_allowed):
            self.skipped = True
            tell(refusal)
            return
        guide = Guide(voice, self.subject.machine.clock, tell, patience, pulses_allowed)
        try:
            with alone_on(self.subject.store):
                await walk(self.subject, guide, self.only)
        except NotAlone as error:
            self.skipped = True
            tell(_refused(str(error), pulses_allowed))

    def skip_the_walk(self, why: str, fix: str) -> None:
        """Nobody is there to walk with; a daemon at work would have kept the hardware to itself in any case."""
        self.skipped = True
        wanted = ", ".join(name for name in WALKED if name in self.only)
        otherwise = _ABOUT.skipped(f"no hardware was tried out ({wanted}): {why}", fix)
        self.findings.append(self._why_no_walk(False) or otherwise)

    def _why_no_walk(self, pulses_allowed: bool) -> Finding | None:
        if self.subject.daemon is not None:
            return _refused(f"the daemon has the hardware (process {self.subject.daemon.pid})", pulses_allowed)
        simulation = self.subject.settings.simulation
        if simulation is not None and simulation.lockstep is not None:
            return _ABOUT.skipped("a twin plays this lot, in a time of its own: there is nothing to walk to")
        return None

    def _folder(self) -> Path:
        """Where pictures are kept: one of our own unless one was named."""
        if self.pictures is None:
            self.pictures = Path(tempfile.mkdtemp(prefix="parkgate-doctor-"))
        return self.pictures


def run(visiting: Coroutine[Any, Any, None]) -> bool:
    """Whether the visit came to its end. Ctrl-C, a stop or a lost line end it in order: parts are made safe."""

    async def until_stopped() -> bool:
        task = asyncio.ensure_future(visiting)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await asyncio.wait([task])
        if task.cancelled():
            return False
        task.result()
        return True

    return asyncio.run(until_stopped())


def _refused(why: str, was_ordered: bool) -> Finding:
    said = f"no hardware was tried out: {why}; two masters on one board are an accident"
    fix = f"`{STOP}`, look again, then `systemctl start parkgate-edge`"
    return _ABOUT.fail(said, fix) if was_ordered else _ABOUT.skipped(said, fix)
