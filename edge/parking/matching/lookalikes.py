"""One exit's search for the stay of a vehicle whose plate is exactly nobody's.

It is looked for beside the writer, among all who are inside, and judged again in the transaction that lets the vehicle
out: what was found a moment ago may have been paid, lost or let out since. Money moves only after the driver said yes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from edge.lane.signals import Asked, Question, Read
from edge.parking.matching import doubts, known
from edge.parking.matching.choosing import Choice, candidates, choose
from edge.parking.matching.doubts import Doubt, Told
from edge.parking.matching.known import Listed
from edge.parking.matching.question import question
from edge.parking.matching.rules import Ruling, Why, ruled
from edge.parking.stays.suspicions import matched_wrongly
from edge.parking.stays.tickets import Ticket
from edge.parking.stays.tickets import ticket as find
from edge.store import Store, Transaction
from models.ids import LaneName, TicketId
from models.instants import Clock
from models.plates import Plate, SeenPlate
from models.plates.matching import Verdict, match
from models.refusals import Refusal


class LetOut(StrEnum):
    """What an exit does for a vehicle whose plate only looks like one of those inside."""

    ALONE = "alone"
    """Where nothing is owed and nothing else looks like it, it leaves; else its driver is asked"""
    ASK = "ask"
    """Its driver is always asked"""
    NEVER = "never"
    """It shows its ticket, or a person lets it out"""


@dataclass(frozen=True, slots=True)
class Sought:
    """What was found for what an exit was asked. `ended`: the stay of exactly this plate, if another vehicle ended
    it."""

    plate: Plate
    verdict: Verdict
    choice: Choice | None
    ended: TicketId | None = None


@dataclass
class _Last:
    told: Told | None = None
    why: Why = Why.UNLIKELY


@dataclass(frozen=True)
class Lookalikes:
    """`asks`: whether a driver can be asked there, and answer. `picture`: of the vehicle that stands there."""

    lane: LaneName
    store: Store
    clock: Clock
    listed: Listed = field(default_factory=Listed)
    asks: bool = True
    let_out: LetOut = LetOut.ALONE
    zone: str = "UTC"
    picture: Callable[[], str | None] = lambda: None
    _last: _Last = field(default_factory=_Last)

    async def seek(self, asked: Asked, shown: Read) -> Sought:
        """Raises StoreUnavailable."""
        now = self.clock.read()
        read = asked.plate or shown.plate
        seen = shown.seen or SeenPlate(read)

        def look(connection: sqlite3.Connection) -> Sought:
            verdict = match(seen, known.inside(connection, now))
            choice = choose(verdict, asked.denied)
            return Sought(read, verdict, choice, known.stay_ended_by_another(connection, read, now.wall))

        found = await self.store.read(look)
        if not confirms(asked):
            return found
        said = [one for one in candidates(found.verdict) if one.inside.plate == shown.plate]
        return Sought(read, found.verdict, Choice(said[0], sure=False) if said else None, found.ended)

    def stay(self, tx: Transaction, asked: Asked, sought: Sought) -> Ticket | Question | Refusal:
        """The stay that was found, if it may be it now; or what its driver is asked first."""
        if sought.choice is None:
            return Refusal.NO_TICKET
        stay = find(tx.connection, TicketId(sought.choice.candidate.inside.key))
        if not stay.open or stay.plate is None:
            return Refusal.NO_TICKET
        there = known.vehicle(tx.connection, sought.plate, self.listed, tx.at.wall)
        looks_like = known.lookalike(tx, stay, self.lane, self.listed)
        verdict = ruled(there, looks_like, sure=sought.choice.sure, always_ask=self.let_out is LetOut.ASK)
        self._last.why = verdict.why or Why.UNLIKELY
        match verdict.ruling:
            case Ruling.BY_ITSELF:
                return stay
            case Ruling.ONCE_CONFIRMED if confirms(asked):
                return stay
            case Ruling.ONCE_CONFIRMED if self.asks:
                return question(stay.plate, sought.plate, stay.entered, tx.at.wall, self.zone)
            case _:
                return Refusal.NO_TICKET

    async def left_to_a_person(self, asked: Asked, sought: Sought) -> bool:
        """Puts on record that a person has to look. Whether anything looks like it. Raises StoreUnavailable."""
        ended = sought.ended
        if ended is not None:
            await self.store.write(lambda tx: matched_wrongly(tx, self.lane, find(tx.connection, ended), sought.plate))
        among = candidates(sought.verdict)
        why = Why.UNLIKELY if sought.choice is None else self._last.why
        doubt = Doubt(self.lane, sought.plate, why, among, bool(asked.denied), self.picture())
        now = self.clock.monotonic()
        if among and doubts.is_new(self._last.told, doubt, now):
            await self.store.write(lambda tx: doubts.record(tx, doubt))
            self._last.told = Told(doubt.plate, doubt.denied, now)
        return bool(among)


def confirms(asked: Asked) -> bool:
    """Whether its driver said that a stay's plate is theirs, though another was read of the vehicle."""
    shown = asked.credential
    return isinstance(shown, Read) and shown.by_driver and asked.plate is not None and asked.plate != shown.plate
