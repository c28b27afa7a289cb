"""What a stay owes as time goes by, worked out from the world: when it came in, when it was let out, what the lot's
tariff says, and what the terminals' own books hold.

A daemon may only agree with it: whoever is let out owes nothing then, or the terminal that was asked couldn't be
reached. What a terminal took is paid, also where it hung and the lot heard of it long after the car had left: then no
debt is left. Times in microseconds since the run began, amounts in minor units.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from drivers.contract import ChargeOutcome
from models.instants import SECOND, Instant
from models.tariff import Tariff, fee
from simulator.twin.terminal import Entry

GRACE = 600 * SECOND
"""Who has settled may take ten minutes to leave."""
_ENDED, _ASKED, _LET_OUT = 1, 2, 3
"""What comes first of what happens at one moment."""


@dataclass(slots=True)
class Account:
    """One stay's money. `opened` is when its ticket was; `wall` the UTC microsecond at which the run's time began.

    `uncollected` is what it was let out without paying because the terminal that was asked couldn't be reached;
    `wrong` says what the lot did wrong, in words.
    """

    tariff: Tariff
    wall: int
    opened: int
    paid: int = 0
    uncollected: int = 0
    settled: int | None = None
    due: int | None = None
    wrong: list[str] = field(default_factory=list[str])

    def goes(self, charges: Sequence[Entry], let_out: Iterable[int]) -> None:
        """All that the stay was asked for, and each time that an arm rose for it at an exit, in order."""
        moments: list[tuple[int, int, Entry | None]] = [(at, _LET_OUT, None) for at in let_out]
        for entry in charges:
            moments += [(entry.asked, _ASKED, entry), (entry.ended, _ENDED, entry)]
        for at, kind, entry in sorted(moments, key=lambda moment: moment[:2]):
            if entry is None:
                self._is_let_out(at)
            elif kind == _ASKED:
                self._is_asked(entry)
            else:
                self._ends(entry)

    def owed(self, at: int) -> int:
        return max(self._price(self._until(at)) - self.paid - self.uncollected, 0)

    def _until(self, at: int) -> int:
        return self.settled if self.settled is not None and at - self.settled <= GRACE else at

    def _price(self, until: int) -> int:
        return fee(self.tariff, Instant(self.wall + self.opened), Instant(self.wall + until)).total

    def _is_asked(self, entry: Entry) -> None:
        owed = self.owed(entry.asked)
        if owed != entry.amount:
            self.wrong.append(f"{entry.lane} asked for {entry.amount}, {owed} were owed")
        if entry.currency != self.tariff.currency:
            self.wrong.append(f"{entry.lane} asked for {entry.currency}")

    def _ends(self, entry: Entry) -> None:
        if entry.outcome is ChargeOutcome.TAKEN:
            self.paid += entry.amount
        elif entry.outcome is ChargeOutcome.UNREACHABLE:
            self.uncollected += entry.amount
        # What the terminal takes to answer costs the driver nothing.
        if entry.outcome is not ChargeOutcome.DECLINED and self.owed(entry.asked) == 0:
            self._settles(entry.asked)

    def _is_let_out(self, at: int) -> None:
        owed = self.owed(at)
        if owed:
            self.wrong.append(f"the arm rose at {at / SECOND:.2f} s for a driver who still owed {owed}")
        self._settles(at)

    def _settles(self, at: int) -> None:
        """What the stay costs is fixed for the time of grace."""
        self.settled = self._until(at)
        self.due = self._price(self.settled)
