"""Random entries and exits at twenty lanes at once, by every way of choosing spots: never one spot for two vehicles.

The real parking service on a real store. Who was told what is kept here, beside the store, and afterwards the journal
is read fact by fact with pencil and paper. While the lanes are at work the counts are looked at: by level, by type, by
zone and in all they must say what the open stays say.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from edge.clock import SystemClock
from edge.parking import entry, exit
from edge.parking.access.entitlement import Entitlement, Reserved
from edge.parking.access.permits import Permit
from edge.parking.places import upkeep
from edge.parking.places.layout import PlannedLevel, declare
from edge.parking.places.spots import Count, availability
from edge.parking.stays.tickets import Ticket, open_ticket
from edge.store import Store, Transaction
from edge.store.database import looking_into
from models.allocation import Criterion, Plan, Rule, WhenZoneFull, names_of
from models.ids import LaneName, LotId, ReservationId, TicketId
from models.instants import Instant
from models.money import Minor
from models.plates import Plate
from models.refusals import Refusal
from models.reservations.rules import Window
from models.spots import Right, SpotType, VehicleType
from models.tariff import HourlyTariff
from tests.chaos.careless_allocation import StaleAllocation
from tests.edge.lots import declared

LANES = 20
CONTROL_STEPS = 400
LOT = LotId("0193e1a0-0000-7000-8000-0000000a110c")
_TARIFF = HourlyTariff(currency="EUR", hourly_rate=Minor(0), daily_maximum=Minor(0))
_ZONES = ("", "A", "B", "Staff", "Staff/Directors")
_TYPES = (
    *(SpotType.REGULAR,) * 5,
    *(SpotType.COMPACT, SpotType.COMPACT, SpotType.LARGE, SpotType.MOTORCYCLE, SpotType.EV, SpotType.HANDICAP),
)
_NEAREST = {
    LaneName(f"in-{n}"): tuple(random.Random(n).sample(["Level 0", "Level 1", "Level 2", "A", "B"], 3))
    for n in range(LANES)
}
_RESERVED = frozenset({"Staff", "Staff/Directors"})
_BIKES = {VehicleType.MOTORCYCLE: Rule((Criterion.ZONES,), ("B", "Level 2"))}
PLANS: Mapping[str, Plan] = {
    "exact_type": Plan(reserved=_RESERVED),
    "nearest": Plan(Rule((Criterion.NEAREST,)), nearest=_NEAREST),
    "spread": Plan(Rule((Criterion.SPREAD,)), _BIKES, reserved=frozenset({"Level 2"})),
    "zones": Plan(Rule((Criterion.ZONES, Criterion.EXACT_TYPE), ("B", "Level 1", "A")), reserved=_RESERVED),
    "all": Plan(
        Rule((Criterion.EXACT_TYPE, Criterion.SPREAD, Criterion.NEAREST)),
        _BIKES,
        _NEAREST,
        _RESERVED,
        WhenZoneFull.ELSEWHERE,
    ),
}
"""Every criterion by itself, and all of them together."""


@dataclass
class Account:
    """What was said at the lanes of one lot, kept beside its store."""

    held: dict[str, TicketId] = field(default_factory=dict[str, TicketId])
    """Who was led to which spot and hasn't begun to leave"""
    inside: list[tuple[Plate, TicketId, str]] = field(default_factory=list[tuple[Plate, TicketId, str]])
    admitted: set[TicketId] = field(default_factory=set[TicketId])
    refused: Counter[str] = field(default_factory=Counter[str])
    withdrawn: int = 0
    twice: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])
    looks: int = 0
    steps: int = 0

    def led(self, plate: Plate, admitted: entry.Admitted) -> None:
        spot = admitted.spot_number
        assert spot is not None, "nobody came in by hand"
        self.admitted.add(admitted.ticket)
        other = self.held.setdefault(spot, admitted.ticket)
        if other != admitted.ticket:
            self.twice.append(f"spot {spot}: {admitted.ticket} while {other} was on it")
        self.inside.append((plate, admitted.ticket, spot))

    def leaves(self, spot: str, ticket: TicketId) -> None:
        """Before the store is told: another may be led there from then on."""
        if self.held.get(spot) == ticket:
            del self.held[spot]


@dataclass(frozen=True)
class Outcome:
    accepted: int
    stored: int
    applied: int
    lost: int
    phantom: int
    twice: int
    refused: Counter[str]
    withdrawn: int
    looks: int
    wrong: tuple[str, ...]
    examples: tuple[str, ...]

    @property
    def clean(self) -> bool:
        return not (self.lost or self.phantom or self.twice or self.wrong)


def levels(spots: int) -> tuple[PlannedLevel, ...]:
    """So many spots on three levels, in zones, some of them inside others."""
    planned: list[PlannedLevel] = []
    for floor in range(3):
        numbers = [f"{floor}-{n}" for n in range(spots // 3 + (floor < spots % 3))]
        types = tuple((number, _TYPES[n % len(_TYPES)]) for n, number in enumerate(numbers))
        zones = {number: _ZONES[n * len(_ZONES) // len(numbers)] for n, number in enumerate(numbers)}
        planned.append(PlannedLevel(floor, f"Level {floor}", types, zones))
    return tuple(planned)


async def lot_at_work(
    folder: Path, plan: Plan, steps: int, spots: int, seed: int, *, careless: bool, synced: bool
) -> Outcome:
    """`steps` entries and exits. `careless`: by free spots as they were before, and nothing in the store forbids it."""
    store = Store(folder / "lot.sqlite", LOT, SystemClock(), synchronous="FULL" if synced else "NORMAL")
    layout = levels(spots)
    store.write_now(lambda tx: declare(tx, declared(layout), layout))
    if careless:
        store.write_now(lambda tx: tx.connection.execute("DROP INDEX tickets_spot"))
    account = Account()
    with _careless_allocation() if careless else _as_it_is():
        lanes = (_Lane(store, account, plan, number, seed, spots).work(steps) for number in range(LANES))
        await asyncio.gather(*lanes)
    store.write_now(lambda tx: look(account, tx.connection))
    outcome = _judged(folder / "lot.sqlite", account)
    store.close()
    return outcome


@contextmanager
def _careless_allocation() -> Iterator[None]:
    kept, entry.place_for = entry.place_for, StaleAllocation().place_for
    try:
        yield
    finally:
        entry.place_for = kept


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


class _Lane:
    """A lane both ways: whoever comes is anybody, and whoever leaves is anybody that is inside."""

    def __init__(self, store: Store, account: Account, plan: Plan, number: int, seed: int, spots: int) -> None:
        self.store, self.account, self.plan = store, account, plan
        self.name, self.chance = LaneName(f"in-{number}"), random.Random(f"{seed} {number}")
        self.layout, self.came, self.number = levels(spots), 0, number

    async def work(self, steps: int) -> None:
        """Until all lanes together have done so many steps."""
        account = self.account
        while account.steps < steps:
            account.steps += 1
            full = len(account.held) > _nearly(self.layout)
            if account.inside and self.chance.random() < (0.55 if full else 0.25):
                await self._leaves()
            else:
                await self._comes()
            if self.chance.random() < 0.02:
                await self._spot_is_worked_on()
            if self.chance.random() < 0.02:
                await self.store.write(lambda tx: look(account, tx.connection))

    async def _comes(self) -> None:
        self.came += 1
        plate = Plate(f"L{self.number:02}{self.came:06}")
        arrival = self._anybody(plate)
        answer = await self.store.write(lambda tx: entry.admit(tx, arrival, _TARIFF, self.plan))
        if isinstance(answer, Refusal):
            self.account.refused[answer.name] += 1
            return
        assert isinstance(answer, entry.Admitted)
        if self.chance.random() < 0.1:
            self.account.led(plate, answer)
            self.account.inside.remove((plate, answer.ticket, str(answer.spot_number)))
            self.account.leaves(str(answer.spot_number), answer.ticket)
            self.account.withdrawn += 1
            await self.store.write(lambda tx: entry.withdraw(tx, answer.ticket, self.name, "back_out"))
            return
        self.account.led(plate, answer)
        await self.store.write(lambda tx: entry.confirm(tx, answer.ticket, self.name))

    def _anybody(self, plate: Plate) -> entry.Arrival:
        chance = self.chance
        permit = reserved = None
        if chance.random() < 0.3:
            rights = frozenset(right for right in Right if chance.random() < 0.4)
            zones = frozenset(zone for zone in ("Staff", "Staff/Directors", "A", "Level 2") if chance.random() < 0.2)
            permit = Permit(plate, rights, zones=zones)
        elif chance.random() < 0.2:
            window = Window(Instant(0), Instant(2**53))
            reserved = Reserved(ReservationId(str(plate)), chance.choice(list(SpotType)), window, "code")
        kind = chance.choice((*VehicleType, VehicleType.REGULAR, VehicleType.REGULAR))
        return entry.Arrival(self.name, plate, 0.99, kind, Entitlement(permit, reserved))

    async def _leaves(self) -> None:
        inside = self.account.inside
        plate, ticket, spot = inside.pop(self.chance.randrange(len(inside)))
        departure = exit.Departure(self.name, lambda tx: _stay(tx, plate), "exact")
        answer = await self.store.write(lambda tx: exit.let_out(tx, departure, "chaos"))
        if not isinstance(answer, exit.Cleared):  # its entry isn't confirmed yet: it leaves later
            inside.append((plate, ticket, spot))
            return
        self.account.leaves(spot, ticket)
        await self.store.write(lambda tx: exit.close(tx, ticket, self.name))

    async def _spot_is_worked_on(self) -> None:
        """A person takes a spot out of service, whoever stands there, or puts it back."""
        number, _ = self.chance.choice(self.chance.choice(self.layout).spots)
        await self.store.write(lambda tx: _toggled(tx, number))


def _nearly(layout: tuple[PlannedLevel, ...]) -> int:
    return sum(len(level.spots) for level in layout) * 4 // 5


def _toggled(tx: Transaction, number: str) -> None:
    # The first: where the control has given a spot twice, it stands there twice.
    spot = next(spot for spot in upkeep.spots(tx.connection) if spot.number == number)
    change = upkeep.withdraw if spot.blocked is None else upkeep.put_back
    change(tx, spot, "chaos", "swept")


def _stay(tx: Transaction, plate: Plate) -> Ticket | Refusal:
    return open_ticket(tx.connection, plate) or Refusal.NO_TICKET


def look(account: Account, connection: sqlite3.Connection) -> None:
    """The counts beside the open stays, in the writer's own transaction."""
    account.looks += 1
    count, right = availability(connection), _as_the_stays_say(connection)
    said = {"whole": {"": count.whole}, "level": count.by_level, "type": count.by_type, "zone": count.by_zone}
    account.wrong += [
        f"by {what}: {said[what]} where the stays say {right[what]}" for what in said if said[what] != right[what]
    ]
    for counts in (count.by_level, count.by_type):
        each = counts.values()
        if Count(sum(c.total for c in each), sum(c.available for c in each)) != count.whole:
            account.wrong.append(f"{counts} don't add up to {count.whole}")


def _as_the_stays_say(connection: sqlite3.Connection) -> dict[str, dict[str, Count]]:
    """A spot in service is free where no open stay has it, whatever stands in its own row."""
    rows = connection.execute(
        """SELECT floor_number, name, zone, spot_type, spots.id NOT IN (
                SELECT spot_id FROM tickets WHERE status IN ('ADMITTED', 'ACTIVE', 'UNRESOLVED')) AS free
           FROM spots JOIN levels ON levels.id = level_id WHERE blocked IS NOT 'maintenance'"""
    )
    found: dict[str, dict[str, Count]] = {"whole": {}, "level": {}, "type": {}, "zone": {}}
    for row in rows:
        names = [("whole", ""), ("level", str(row["floor_number"])), ("type", row["spot_type"])]
        names += [("zone", zone) for zone in names_of(row["name"], row["zone"])[1:]]
        for what, name in names:
            before = found[what].get(name, Count(0, 0))
            found[what][name] = Count(before.total + 1, before.available + row["free"])
    return found


def _judged(store: Path, account: Account) -> Outcome:
    """With pencil and paper, from the journal: who took which spot, one fact after the other."""
    holder: dict[str, str] = {}
    spot_of: dict[str, str] = {}
    twice: list[str] = []
    opened = 0
    with looking_into(store) as connection:
        for row in connection.execute("SELECT type, body FROM journal ORDER BY seq"):
            body = json.loads(row["body"])
            if row["type"] == "ticket.opened":
                opened += 1
                spot, ticket = body["spot"], body["ticket"]
                if holder.setdefault(spot, ticket) != ticket:
                    twice.append(f"{spot} given to {ticket} while {holder[spot]} had it")
                spot_of[ticket] = spot
            elif row["type"] in ("ticket.closed", "ticket.voided"):
                spot = spot_of[body["ticket"]]
                if holder.get(spot) == body["ticket"]:
                    del holder[spot]
        stored = {row["id"] for row in connection.execute("SELECT id FROM tickets")}
    return Outcome(
        accepted=len(account.admitted),
        stored=len(stored),
        applied=opened,
        lost=len(account.admitted - stored),
        phantom=len(stored - account.admitted),
        twice=len(twice) + len(account.twice),
        refused=account.refused,
        withdrawn=account.withdrawn,
        looks=account.looks,
        wrong=tuple(account.wrong),
        examples=tuple((*account.twice, *twice, *account.wrong)[:10]),
    )


def run(steps: int, seed: int, *, careless: bool = False, spots: int = 500, synced: bool = True) -> dict[str, Outcome]:
    """The steps shared out among all plans, each at a lot of its own; careless: one plan. Not `synced`: sooner done,
    for no power is cut here."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    plans = dict(list(PLANS.items())[:1]) if careless else PLANS
    outcomes: dict[str, Outcome] = {}
    for name, plan in plans.items():
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            work = lot_at_work(Path(folder), plan, steps // len(plans), spots, seed, careless=careless, synced=synced)
            outcomes[name] = asyncio.run(work)
        said = f"{name}: {outcomes[name].accepted} entries, {time.monotonic() - began:.0f} s"
        print(said, file=sys.stderr, flush=True)
    return outcomes


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--n", type=int, default=100_000, help="entries and exits, of all plans together")
    asked.add_argument("--seed", type=int, default=1)
    options = asked.parse_args()
    began = time.monotonic()
    outcomes = run(options.n, options.seed)
    seconds = round(time.monotonic() - began)
    [control] = run(CONTROL_STEPS, options.seed, careless=True).values()
    every = outcomes.values()
    print(
        json.dumps(
            {
                "chaos": "allocate",
                "n": options.n,
                "accepted": sum(each.accepted for each in every),
                "stored": sum(each.stored for each in every),
                "applied": sum(each.applied for each in every),
                "lost": sum(each.lost for each in every),
                "twice": sum(each.twice for each in every),
                "phantom_opens": sum(each.phantom for each in every),
                "seed": options.seed,
                "control": "failed as it must" if control.twice else "passed, though it must fail",
                "control_twice": control.twice,
                "plans": {name: each.accepted for name, each in outcomes.items()},
                "refused": sum(each.refused.total() for each in every),
                "withdrawn": sum(each.withdrawn for each in every),
                "looks": sum(each.looks for each in every),
                "counts_wrong": sum(len(each.wrong) for each in every),
                "seconds": seconds,
                "examples": [example for each in every for example in each.examples][:10],
            }
        )
    )
    sys.exit(0 if all(each.clean for each in every) and control.twice else 1)


if __name__ == "__main__":
    main()
