"""A made-up history of one lot: stays, permits, power cuts and wrong clocks, each looked at beside the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from drivers.charges_only import ChargesOnly
from drivers.contract import Charged, ChargeOutcome
from edge.lane.signals import Allowed, Asked, Read, Refused
from edge.parking.access.passback import neutralise
from edge.parking.access.permits import Permit
from edge.parking.desks import EntryDesk, ExitDesk
from edge.parking.money.charges import GRACE
from edge.parking.money.till import Till
from edge.store.database import looking_into
from models.ids import PaymentId, TicketId
from models.instants import HOUR, SECOND, Instant, from_rfc3339
from models.lanes import LaneState
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.spots import VehicleType
from models.tariff import HourlyTariff, Tariff, fee
from models.tariff.reading import parse_tariff
from models.wire.restoring import KnownStay
from tests.chaos.clock_machine import DAY, Battery, Machine, Run, Site
from tests.edge.lots import IN, OUT
from tests.edge.test_store import tables_agree_with_facts

PERMIT = Plate("PERM1T")
MOST_INSIDE = 10
TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(100), daily_maximum=Minor(10**9))
"""Without a maximum that any stay reaches: each hour too many shows."""
WINDOWS = parse_tariff(
    """
currency: EUR
timezone: Europe/Berlin
rates:
  - {name: Day, days: mon-sat, from: "08:00", to: "20:00", price: 3.00, per: 1 h}
  - {name: Sunday, days: sun, price: 0.50, per: 1 h}
  - {name: Night, price: 1.00, per: 30 min}
caps: {amount: 30.00, per: day}
""",
    "windows.yaml",
)
"""By which the time of day counts, and the day of the week."""
BEFORE_THE_CLOCKS_CHANGE = tuple(map(from_rfc3339, ("2026-03-28T14:00:00Z", "2026-10-24T13:00:00Z")))
"""Berlin goes to summer time and back within the day."""
_UNCOUNTED = 61 * SECOND
"""What a power cut may take from what is known of a run."""


@dataclass
class Found:
    """What a history showed. All but the first six must be nothing."""

    accepted: int = 0
    stored: int = 0
    exact: int = 0
    bounded: int = 0
    restored: int = 0
    corrected: int = 0
    overcharged: int = 0
    inexact: int = 0
    too_cheap: int = 0
    asked_for_more: int = 0
    expired_early: int = 0
    opened_late: int = 0
    outlived: int = 0
    out_of_order: int = 0
    wrongly_dated: int = 0
    clock_stood: int = 0
    twice: int = 0
    untrue_tables: int = 0
    examples: list[str] = field(default_factory=list[str])

    def add(self, other: Found) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        del self.examples[5:]

    @property
    def lost(self) -> int:
        return self.accepted - self.stored

    @property
    def clean(self) -> bool:
        fine = {"accepted", "stored", "exact", "bounded", "restored", "corrected", "examples"}
        return not self.lost and not any(value for name, value in vars(self).items() if name not in fine)

    def wrong(self, what: str, example: str) -> None:
        setattr(self, what, getattr(self, what) + 1)
        if len(self.examples) < 5:
            self.examples.append(f"{what}: {example}")


@dataclass
class Stay:
    plate: Plate
    ticket: TicketId
    entered: int
    run: Run
    settled: int | None = None
    settled_run: Run | None = None
    paid: int = 0
    over: bool = False
    tainted: bool = False
    """A server's lie went into its fee: it may have paid too much until that is known"""

    restored: bool = False
    """The store in which it began is lost: of its times only the true wall times are known"""
    tariff: Tariff = TARIFF

    believed: bool = False
    """By a tariff with windows, and charged before any time server was heard: there was only the wall to go by"""

    def cost(self, until: int) -> int:
        return fee(self.tariff, Instant(self.entered), Instant(until)).total


class Terminal(ChargesOnly):
    """Takes what it is asked for, and remembers."""

    def __init__(self) -> None:
        self.asked: list[Minor] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def charge(self, payment: PaymentId, amount: Minor, currency: str) -> Charged:
        self.asked.append(amount)
        return Charged(ChargeOutcome.TAKEN, reference=f"T{payment}")


class History:
    """Steps are drawn by chance; each changes the machine, the world, or the lot, and is judged at once."""

    def __init__(self, folder: Path, seed: str, *, faults: bool = True, tariff: Tariff = TARIFF) -> None:
        """Without `faults` the clock is right all the time, and only summer time comes and goes."""
        self.chance, self._faults, self.tariff = Random(seed), faults, tariff
        self.machine = Machine(self.chance.choice(BEFORE_THE_CLOCKS_CHANGE))
        self.site, self.found = Site(folder, self.machine), Found()
        self.stays: list[Stay] = []
        self.seed, self.permit_inside, self.permit_neutral = seed, False, False
        self._plates = 0

    async def live(self, stays: int) -> Found:
        """Until so many stays are over and everything has been looked at."""
        self._power_on()
        if not self._faults:
            await self.hears_a_server()
        while self.found.accepted < stays:
            await self._passes()
            step = self.chance.choices(self._steps, self._weights if self._faults else self._weights_in_peace)[0]
            await step(self)
            await self.site.look()
        await self._ends()
        return self.found

    # --- the world ---

    async def _passes(self) -> None:
        longest = self.chance.choice((2 * 60 * SECOND, 20 * 60 * SECOND, 2 * HOUR, 9 * HOUR))
        self.machine.now += self.chance.randint(1, longest)
        await self.site.look()

    def _power_on(self) -> None:
        self.machine.starts(self.chance.choice(list(Battery)), self.chance)
        before = _last_wall(self.site.path)
        self.site.start()
        now = self.site.clock.read()
        believable = before is not None and before - self.machine.now < 366 * DAY
        if believable and before is not None and now.wall < before and not now.synced:
            self.found.wrong("clock_stood", f"{self.seed}: the clock begins {before - now.wall} us too early")

    async def cuts_the_power(self) -> None:
        await self._truth_comes_out()
        self.site.stop()
        self.machine.run.ended = self.machine.now
        self.machine.now += self.chance.choice((5, 90, 3600, 86400)) * self.chance.randint(1, 3 * SECOND)
        self._power_on()

    async def loses_the_card(self) -> None:
        """While everybody is where the cloud knows them to be, and since when; else it would tell what isn't true."""
        rows = await self._rows("tickets")
        inside = [stay for stay in self.stays if not stay.over]
        told = all(
            (rows[stay.ticket]["entry_time"], rows[stay.ticket]["settled_at"]) == (stay.entered, stay.settled)
            for stay in inside
        )
        if self.permit_inside or not inside or not told:
            return
        await self._truth_comes_out()
        rows = await self._rows("tickets")
        for stay in self.stays:
            self.found.stored += rows[stay.ticket]["status"] == "COMPLETED"
            if stay.over and stay.settled is not None:
                self._audit(stay, rows[stay.ticket])
        self._look_at_the_journal()
        known = [known_stay(rows[stay.ticket], stay.plate) for stay in inside]
        self.site.stop()
        self.found.untrue_tables += not tables_agree_with_facts(self.site.path)
        self.machine.run.ended = self.machine.now
        self.machine.now += self.chance.randint(60 * SECOND, HOUR)
        self.machine.starts(self.chance.choice(list(Battery)), self.chance)
        self.site.gets_a_new_card(known)
        before = Run(0, ended=0, genuine=True)
        for stay in inside:
            stay.restored, stay.run, stay.settled_run = True, before, before if stay.settled is not None else None
        self.stays, self.permit_neutral = inside, False
        self.found.restored += len(inside)

    async def restarts_the_daemon(self) -> None:
        self.site.stop()
        self.machine.now += self.chance.randint(1, 60 * SECOND)
        self.site.start()

    async def hears_a_server(self) -> None:
        self.machine.hears_a_server()

    async def hears_a_lie(self) -> None:
        self.machine.hears_a_server(lie=self.chance.choice((-1, 1)) * self.chance.randint(HOUR, 400 * DAY))

    async def _truth_comes_out(self) -> None:
        if self.machine.run.false:
            self.machine.hears_a_server()
            await self.site.look()

    async def sets_the_clock_by_hand(self) -> None:
        self.machine.is_set_by_hand(self.chance.randint(-400 * DAY, 400 * DAY))

    async def loses_the_server(self) -> None:
        self.machine.synced = False

    # --- the lot ---

    async def enters(self) -> None:
        if sum(not stay.over for stay in self.stays) >= MOST_INSIDE:
            return
        self._plates += 1
        plate = Plate(f"CAR{self._plates}")
        answer = await self._entry().decide(Asked(Read(plate, 0.99), LaneState.OPEN))
        assert isinstance(answer, Allowed), answer
        assert answer.ticket is not None
        await self.site.store.write(self._entry().confirm(answer.ticket))
        self.stays.append(Stay(plate, answer.ticket, self.machine.now, self.machine.run, tariff=self.tariff))

    async def leaves(self) -> None:
        inside = [stay for stay in self.stays if not stay.over]
        if inside:
            await self._leaves(self.chance.choice(inside))

    async def _leaves(self, stay: Stay) -> None:
        terminal = Terminal()
        desk = self._exit(terminal)
        stay.believed = stay.believed or (self.by_windows and not self._has_heard_a_server())
        answer = await desk.decide(Asked(Read(stay.plate, 0.99), LaneState.OPEN))
        assert isinstance(answer, Allowed), answer
        # Whoever came in this same run is measured by that run's own clock, whatever a server says; but not by windows.
        other_run = stay.run is not self.machine.run
        stay.tainted = stay.tainted or (self.machine.run.false and (other_run or self.by_windows))
        self._judge(stay, sum(terminal.asked))
        if self.chance.random() < 0.3:
            await self.site.store.write(desk.withdraw(stay.ticket, vended=True))
            return
        await self.site.store.write(desk.confirm(stay.ticket))
        stay.over = True
        self.found.accepted += 1

    def _judge(self, stay: Stay, asked: int) -> None:
        """What a driver was asked for, beside the truth."""
        now, run = self.machine.now, self.machine.run
        stay.paid += asked
        if stay.settled is not None and now - stay.settled <= GRACE:
            if asked and not stay.tainted:
                self.found.wrong("expired_early", f"{self._about(stay)}: asked for {asked} within the grace")
            return
        known = self._known(stay.run, run) and (stay.settled_run is None or self._known(stay.settled_run, run))
        truth, for_the_first_time = stay.cost(now), stay.settled is None
        stay.settled, stay.settled_run = now, run
        if stay.tainted or stay.believed:
            return
        if stay.paid > truth:
            self.found.wrong("overcharged", f"{self._about(stay)}: paid {stay.paid} instead of {truth}")
        if known:
            self.found.exact += 1
            if stay.paid < truth:
                self.found.wrong("inexact", f"{self._about(stay)}: paid {stay.paid} instead of {truth}")
            return
        self.found.bounded += 1
        if (
            for_the_first_time and not stay.restored and not self.by_windows
        ):  # else the grace may go on for as long as nobody knows better
            least = self.machine.ran_between(stay.entered, now) - len(self.machine.runs) * _UNCOUNTED
            if stay.paid < stay.cost(stay.entered + max(least, 0)):
                self.found.wrong("too_cheap", f"{self._about(stay)}: paid {stay.paid}")

    def _known(self, one: Run, other: Run) -> bool:
        return (one is other and not self.by_windows) or (one.genuine and other.genuine)

    def _has_heard_a_server(self) -> bool:
        """Since the store was new."""
        with looking_into(self.site.path) as connection:
            heard = connection.execute("SELECT 1 FROM boots WHERE zero IS NOT NULL").fetchone() is not None
        return heard or self.machine.synced

    @property
    def by_windows(self) -> bool:
        return self.tariff is not TARIFF

    # --- a permit whose last passage counts, and who is let off it ---

    async def permit_comes(self) -> None:
        may = not self.permit_inside or self.permit_neutral
        answer = await self._entry().decide(Asked(Read(PERMIT, 0.99), LaneState.OPEN))
        if isinstance(answer, Allowed):
            assert answer.ticket is not None
            await self.site.store.write(self._entry().confirm(answer.ticket))
            self.permit_inside, self.permit_neutral = True, False
            if not may:
                self.found.wrong("outlived", f"{self.seed}: let in twice")
        elif may and isinstance(answer, Refused) and answer.reason is Refusal.PASSBACK:
            self.found.wrong("opened_late", f"{self.seed}: refused after a reset")

    async def permit_goes(self) -> None:
        if self.permit_inside:
            desk = self._exit(Terminal())
            answer = await desk.decide(Asked(Read(PERMIT, 0.99), LaneState.OPEN))
            assert isinstance(answer, Allowed), answer
            assert answer.ticket is not None
            await self.site.store.write(desk.confirm(answer.ticket))
            self.permit_inside = self.permit_neutral = False

    async def permit_is_forgotten(self) -> None:
        await self.site.store.write(lambda tx: neutralise(tx, "lost its way", by="Ann", plate=PERMIT))
        self.permit_neutral = True

    def _entry(self) -> EntryDesk:
        permits = {PERMIT: Permit(PERMIT)}
        return EntryDesk(IN, self.site.store, lambda: self.tariff, permits, lambda: VehicleType.REGULAR)

    def _exit(self, terminal: Any) -> ExitDesk:
        return ExitDesk(
            OUT, self.site.store, Till(terminal, self.site.store, self.site.clock), {PERMIT: Permit(PERMIT)}
        )

    _steps = (
        *(enters, leaves, hears_a_server, hears_a_lie, sets_the_clock_by_hand, loses_the_server),
        *(cuts_the_power, restarts_the_daemon, loses_the_card, permit_comes, permit_goes, permit_is_forgotten),
    )
    _weights = (30, 30, 4, 3, 3, 2, 4, 3, 4, 4, 3, 4)
    _weights_in_peace = (30, 30, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0)

    # --- the end ---

    async def _ends(self) -> None:
        self.machine.now += SECOND
        self.machine.hears_a_server()
        await self.site.look()
        await self._settles()
        self.site.stop()
        self.found.untrue_tables += not tables_agree_with_facts(self.site.path)

    async def _settles(self) -> None:
        """Now the time is known: nobody has paid more than the truth, and the books are in the order of things."""
        rows = await self._rows("tickets")
        for stay in self.stays:
            row = rows[stay.ticket]
            self.found.stored += row["status"] == "COMPLETED"
            if stay.over and stay.settled is not None:
                self._audit(stay, row)
            if stay.run is self.machine.run and abs(row["entry_time"] - stay.entered) > 61 * SECOND:
                self.found.wrong("wrongly_dated", f"{self._about(stay)}: entered {row['entry_time']}")
        self._look_at_the_journal()

    async def _rows(self, table: str) -> dict[TicketId, dict[str, Any]]:
        asked = f"SELECT * FROM {table}"
        return await self.site.store.read(
            lambda connection: {row["id"]: dict(row) for row in connection.execute(asked)}
        )

    def _audit(self, stay: Stay, row: dict[str, Any]) -> None:
        assert stay.settled is not None
        truth, paid = stay.cost(stay.settled), row["amount_paid"]
        if paid != stay.paid:
            self.found.wrong("twice", f"{self._about(stay)}: {paid} on record, {stay.paid} taken")
        if paid - row["refund_owed"] > truth and not stay.believed:
            self.found.wrong("overcharged", f"{self._about(stay)}: {paid} less {row['refund_owed']}, truth {truth}")

    def _look_at_the_journal(self) -> None:
        with looking_into(self.site.path) as connection:
            rows = connection.execute("SELECT * FROM journal ORDER BY seq").fetchall()
            corrections = connection.execute("SELECT * FROM fee_corrections ORDER BY rowid").fetchall()
        places = [(int(row["boot_id"].rpartition("-")[2]), row["monotonic"]) for row in rows]
        self.found.out_of_order += places != sorted(places) or [row["seq"] for row in rows] != [
            *range(1, len(rows) + 1)
        ]
        owed: dict[str, int] = {}
        for correction in corrections:
            more = correction["refund_owed"] - owed.get(correction["ticket_id"], 0)
            self.found.asked_for_more += more < 0 or correction["fee"] > correction["fee_before"]
            owed[correction["ticket_id"]] = correction["refund_owed"]
        self.found.corrected += len(corrections)

    def _about(self, stay: Stay) -> str:
        run = "restored" if stay.restored else f"run {self.machine.runs.index(stay.run) + 1}"
        return f"{self.seed}, {stay.plate}, {run} of {len(self.machine.runs)}"


def known_stay(row: dict[str, Any], plate: Plate) -> KnownStay:
    """What the cloud has of a stay: the same as the lot, but for the ids of its spot."""
    same = {name: row[name] for name in KnownStay.model_fields if name in row}
    others = {"ticket": row["id"], "vehicle": row["vehicle_id"], "entered": row["entry_time"], "license_plate": plate}
    return KnownStay.model_validate({**same, **others, "floor": None, "spot_number": None})


def _last_wall(path: Path) -> int | None:
    if not path.exists():
        return None
    with looking_into(path) as connection:
        rows: Sequence[Any] = connection.execute("SELECT wall FROM journal ORDER BY seq DESC LIMIT 1").fetchall()
    return rows[0]["wall"] if rows else None
