"""Which clock a lot goes by: a twin's, a fast one of a simulation, or this machine's with what the store remembers."""

from __future__ import annotations

from pathlib import Path

from edge.clock import NEVER, FastClock, Kernel, Linux, Remembered, SystemClock
from edge.config.settings import LotSettings
from edge.lockstep import Lockstep
from edge.store import StoreDamaged, StoreUnavailable, boots
from edge.store.damage.headmark import marks_beside
from edge.store.database import looking_into
from models.instants import Clock


def lockstep_of(settings: LotSettings) -> Lockstep | None:
    """The line to the twin that hands out this lot's time. Raises LockstepError."""
    simulation = settings.simulation
    return Lockstep(simulation.lockstep) if simulation is not None and simulation.lockstep is not None else None


def lot_clock(settings: LotSettings) -> Clock:
    fast = settings.simulated_time()
    if fast is not None:
        return FastClock(SystemClock(), *fast)
    return clock_of(settings.store.path)


def clock_of(store: Path, kernel: Kernel | None = None) -> SystemClock:
    """This machine's clock, with what the lot's store knows of the time; a new lot's store knows nothing."""
    kernel = kernel or Linux()
    if not store.exists():
        return SystemClock(kernel=kernel)
    marked = max((mark.wall for mark in marks_beside(store).values()), default=NEVER)
    try:
        with looking_into(store) as connection:
            return SystemClock(boots.remembered(connection, kernel.boot_id), kernel)
    except StoreUnavailable as wrong:
        # Whatever is the matter is looked into when it is opened; on a full disk, that can still be done.
        if marked or isinstance(wrong, StoreDamaged):
            return SystemClock(Remembered(floor=marked), kernel)
        raise
