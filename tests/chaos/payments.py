"""Payments that break off, time out, arrive late or twice, over restarts: what the provider took is on record once.

`n` counts visits to an exit. The provider's books are a file of its own and the witness: whatever the lot believes, for
each payment they hold, the lot must have that sum on record, and no more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from drivers.contract import Became, DriverContext, Fate
from drivers.far_book import FarBook
from drivers.simulated_terminal import SimulatedTerminal, SimulatedTerminalSettings, Trouble
from edge.parking import exit
from edge.parking.money.inquiries import Inquiries
from edge.parking.money.policy import PaymentPolicy, WhenUnreachable
from edge.parking.money.till import PAY_WITHIN, Till
from edge.parking.stays.tickets import open_ticket
from models.ids import PaymentId
from models.instants import SECOND, Instant
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from tests.drivers.conftest import Notebook
from tests.edge.lots import OUT, HandClock, Lot, a_lot

_EVER = Instant(2**62)
_PLATES = [Plate(f"AB{number:02}CDE") for number in range(3)]
_POLICY = PaymentPolicy(
    when_unreachable=WhenUnreachable.AUTHORISE_LATER, stay_ceiling=Minor(10_000), lot_ceiling=Minor(100_000)
)


class _Clock(HandClock):
    """A terminal pays at once, a driver's patience ends soon, and an hour is longer than that."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0 if seconds < PAY_WITHIN else 0.002 if seconds == PAY_WITHIN else 3600)


class _ChargesAnew(SimulatedTerminal):
    """The control: what nobody knows is taken for not taken, and the sum is asked for anew."""

    async def ask(self, payment: PaymentId) -> Became:
        return Became(Fate.NOTHING)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`taken`: payments in the provider's books. `lost`: of those not on record, or with another sum. `twice`: sums on
    record that the provider doesn't have, or stays that paid more than they cost. `debts`: left in the end."""

    visits: int
    taken: int
    stored: int
    lost: int
    twice: int
    debts: int
    unresolved: int

    @property
    def clean(self) -> bool:
        return self.lost == self.twice == self.unresolved == 0 and self.taken > 0


@dataclass
class _Site:
    lot: Lot
    book: Path
    dice: random.Random
    kind: type[SimulatedTerminal]

    def till(self, *, troubled: bool) -> Till:
        settings = SimulatedTerminalSettings(
            delay=0,
            book=self.book,
            troubles=tuple(Trouble) if troubled else (),
            trouble_permille=600,
            seed=self.dice.getrandbits(32),
            stores=True,
            confirms=self.dice.random() < 0.7,
        )
        terminal = self.kind(settings, DriverContext("out.payment_terminal", self.lot.clock, Notebook()))
        return Till(terminal, self.lot.store, self.lot.clock, OUT, _POLICY)

    async def visit(self, till: Till, plate: Plate) -> None:
        # A write that nobody waits for any more ends before the next one begins.
        await self.lot.store.write(lambda tx: None)
        if not self.inside(plate):
            self.lot.enters(plate)
            self.lot.clock.forward(hours=self.dice.uniform(0.2, 20))
        departure = exit.Departure(
            OUT, lambda tx: open_ticket(tx.connection, plate) or Refusal.NO_TICKET, "exact", plate
        )
        gone = asyncio.Event()
        leaving = asyncio.ensure_future(exit.clear(self.lot.store, till, departure, gone))
        match self.dice.randrange(6):
            case 0:
                gone.set()
            case 1:  # the daemon dies
                for _ in range(self.dice.randrange(30)):
                    await asyncio.sleep(0)
                leaving.cancel()
            case _:
                pass
        with suppress(asyncio.CancelledError):
            cleared = await leaving
            await self.lot.store.write(lambda tx: None)
            if isinstance(cleared, exit.Cleared):
                self.lot.decide(lambda tx: exit.close(tx, cleared.ticket, OUT))

    def inside(self, plate: Plate) -> bool:
        return self.lot.store.write_now(lambda tx: open_ticket(tx.connection, plate)) is not None

    async def asks(self, till: Till) -> None:
        await Inquiries({OUT: till}, self.lot.store, self.lot.clock).go_round()

    def outcome(self, visits: int) -> Outcome:
        far = {line.payment: line.amount for line in FarBook(self.book).report(Instant(0), _EVER)}
        near: dict[object, int] = {}
        for payment, amount in self.lot.rows(
            "SELECT coalesce(charge_id, id), amount FROM payments WHERE status = 'TAKEN'"
        ):
            near[payment] = near.get(payment, 0) + int(str(amount))
        overpaid = self.lot.one("SELECT count(*) FROM tickets WHERE status = 'COMPLETED' AND amount_paid > amount_due")
        return Outcome(
            visits=visits,
            taken=len(far),
            stored=len(near),
            lost=sum(1 for payment, amount in far.items() if near.get(payment, 0) < amount),
            twice=sum(1 for payment, amount in near.items() if far.get(PaymentId(str(payment)), 0) < amount)
            + int(str(overpaid)),
            debts=int(str(self.lot.one("SELECT count(*) FROM payments WHERE status = 'UNCOLLECTED'"))),
            unresolved=int(
                str(self.lot.one("SELECT (SELECT count(*) FROM charges) + (SELECT count(*) FROM charges_given_up)"))
            ),
        )


async def _run(folder: Path, visits: int, seed: int, kind: type[SimulatedTerminal]) -> Outcome:
    dice = random.Random(seed)
    lot = a_lot(folder, clock=_Clock())
    site = _Site(lot, folder / "far.sqlite", dice, kind)
    till = site.till(troubled=True)
    for number in range(visits):
        await site.visit(till, dice.choice(_PLATES))
        if dice.random() < 0.3:
            await till.stop()
            till = site.till(troubled=True)
            await site.asks(till)
        if number % 500 == 499:
            print(f"{number + 1} visits", file=sys.stderr)
    await till.stop()
    lot.clock.wall = Instant(lot.clock.wall + SECOND)
    await site.asks(site.till(troubled=False))
    await site.asks(site.till(troubled=False))
    found = site.outcome(visits)
    lot.store.close()
    return found


def run(visits: int, seed: int, *, careless: bool = False) -> Outcome:
    """With `careless` the safeguard is off: what nobody knows of is charged anew instead of asked about."""
    with tempfile.TemporaryDirectory(prefix="parkgate-chaos-") as folder:
        return asyncio.run(_run(Path(folder), visits, seed, _ChargesAnew if careless else SimulatedTerminal))


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--n", type=int, default=200)
    words.add_argument("--seed", type=int, default=1)
    said = words.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    outcome = run(said.n, said.seed)
    control = run(max(said.n // 4, 60), said.seed, careless=True)
    failed = control.lost + control.twice > 0
    line = {
        "chaos": "payments",
        "n": said.n,
        "accepted": outcome.taken,
        "stored": outcome.stored,
        "applied": outcome.stored,
        "lost": outcome.lost,
        "twice": outcome.twice,
        "phantom_opens": 0,
        "seed": said.seed,
        "debts": outcome.debts,
        "unresolved": outcome.unresolved,
        "control": "failed as it must" if failed else "did not fail",
    }
    print(json.dumps(line))
    return 0 if outcome.clean and failed else 1


if __name__ == "__main__":
    sys.exit(main())
