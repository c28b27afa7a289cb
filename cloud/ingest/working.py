"""What a window's facts change, worked out without the database as far as that goes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cloud.ingest.fold import EFFECT_FAILURES, Poisoned, Rows, rows
from cloud.ingest.lanes import Lanes, lanes_after
from cloud.ingest.reading import Entry
from models.effects import Change, SpotOf, effects
from models.facts import Fact, StateDigested, StayMoved, TicketOpenedV1
from models.facts.mending import Mended
from models.ids import LotId, SpotId, TicketId


class HeldBy(str):
    """Stands for the spot that this ticket holds, which only the tables know."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Worked:
    """`rows` of all tables but the spots'; of those the changes in turn, some of them of a spot that is `HeldBy` a
    ticket."""

    rows: Sequence[Rows]
    spots: Sequence[Change]
    lanes: Lanes

    @property
    def ending(self) -> list[TicketId]:
        """The tickets whose spots have to be looked up."""
        return [TicketId(str(change.id)) for change in self.spots if type(change.id) is HeldBy]


def work_out(lot: LotId, entries: Iterable[Entry]) -> Worked | None:
    """None where something about them is in question, and is to be looked at by itself: a fact that can't be read, one
    whose effects can't be worked out, a digest."""
    facts: list[Fact] = []
    for entry in entries:
        if entry.fact is None or type(entry.fact) is StateDigested:
            return None
        facts.append(entry.fact)
    held: dict[TicketId, SpotId | None] = {}

    def spot_of(ticket: str) -> SpotId | None:
        known = TicketId(ticket)
        return held[known] if known in held else SpotId(HeldBy(ticket))

    others: list[Change] = []
    spots: list[Change] = []
    try:
        for fact in facts:
            for change in worked_out(fact, lot, held, spot_of):
                (spots if change.table == "spots" else others).append(change)
        return Worked(rows(others), spots, lanes_after(facts))
    except Poisoned:
        return None


def spots_settled(worked: Worked, held: Mapping[TicketId, SpotId | None]) -> list[Rows]:
    """The spots' rows, now that it is known which spots those tickets hold. Raises Poisoned."""
    settled: list[Change] = []
    for change in worked.spots:
        if type(change.id) is HeldBy:
            spot = held.get(TicketId(str(change.id)))
            settled += [] if spot is None else [change._replace(id=spot)]
        else:
            settled.append(change)
    return rows(settled)


def worked_out(fact: Fact, lot: LotId, held: dict[TicketId, SpotId | None], spot_of: SpotOf) -> tuple[Change, ...]:
    """The fact's effects; `held` learns which spot a ticket takes. Raises Poisoned."""
    if isinstance(fact, TicketOpenedV1 | StayMoved):
        held[fact.ticket] = fact.spot
    if isinstance(fact, Mended):
        held.update({each.ticket: each.spot for each in fact.mended})
    try:
        return effects(fact, lot, spot_of)
    except EFFECT_FAILURES as wrong:
        raise Poisoned(f"its effects can't be worked out ({type(wrong).__name__})") from wrong
