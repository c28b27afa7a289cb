"""Which tariff holds at a lot, as far as the cloud can know, and what the lot itself asks of a new one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from cloud.db.schema import parking_lots, policies, tickets
from cloud.intents.views import Stands
from models.ids import LotId, TariffId
from models.instants import Instant
from models.intents import TariffSet
from models.tariff import Tariff, read_pinned
from models.wire.intents import Taken


@dataclass(frozen=True, slots=True)
class AtTheLot:
    """What a tariff has to suit. None: the lot hasn't said it yet."""

    name: str
    currency: str | None
    timezone: str | None
    said: Taken | None

    def runs(self, dialect: int) -> bool:
        """Whether it may be sent there now, as far as is known."""
        return self.said is None or dialect in self.said.dialects


@dataclass(frozen=True, slots=True)
class Pinned:
    """The tariff on the lot's last ticket; None: in words that this release doesn't read."""

    tariff: Tariff | None
    currency: str
    at: Instant


async def at_the_lot(connection: AsyncConnection, lot: LotId) -> AtTheLot:
    found = (
        select(parking_lots.c.name, parking_lots.c.currency, parking_lots.c.timezone, policies.c.said)
        .outerjoin(policies, policies.c.lot_id == parking_lots.c.id)
        .where(parking_lots.c.id == lot)
    )
    row = (await connection.execute(found)).one()
    # A lot that hasn't declared itself has a zone that nobody gave it.
    zone = None if row.currency is None else row.timezone
    return AtTheLot(row.name, row.currency, zone, None if row.said is None else Taken.model_validate(row.said))


async def last_pinned(connection: AsyncConnection, lot: LotId) -> Pinned | None:
    """What the lot charges by where its own file holds, which the cloud doesn't have: its last ticket tells."""
    newest = (
        select(tickets.c.tariff, tickets.c.currency, tickets.c.entry_time)
        .where(tickets.c.lot_id == lot)
        .order_by(tickets.c.entry_time.desc(), tickets.c.id.desc())
        .limit(1)
    )
    row = (await connection.execute(newest)).first()
    if row is None:
        return None
    try:
        return Pinned(read_pinned(row.tariff), row.currency, row.entry_time)
    except ValueError:
        return Pinned(None, row.currency, row.entry_time)


def tariff_of(stands: Stands) -> TariffSet:
    assert isinstance(stands.intent, TariffSet)
    return stands.intent


def readable(intent: TariffSet) -> Tariff | None:
    """None: in a dialect that this release doesn't run, or not as it has to be."""
    try:
        return intent.read()
    except ValueError:
        return None


def holding(standing: Iterable[Stands], at: Instant) -> Stands | None:
    """Of those that have begun the last, as the lot has it; None: the lot's own."""
    begun = [each for each in standing if tariff_of(each).valid_from <= at]
    return max(begun, key=lambda each: (tariff_of(each).valid_from, each.revision), default=None)


def already(standing: Iterable[Stands], wanted: TariffSet, *, at_once: bool) -> Stands | None:
    """The tariff that says the same and holds from the same moment on, or at once and holds now."""
    holds = holding(standing, wanted.valid_from)
    if holds is None or _said(tariff_of(holds)) != _said(wanted):
        return None
    return holds if at_once or tariff_of(holds).valid_from == wanted.valid_from else None


def _said(intent: TariffSet) -> tuple[object, ...]:
    return intent.name, intent.currency, intent.dialect, intent.terms


@dataclass(frozen=True, slots=True)
class Known:
    """A tariff that people look at. `id` None: it isn't set from here (yet); `tariff` None: this release can't read it.
    `on_a_ticket`: it is the lot's own, as its last ticket has it."""

    name: str
    id: TariffId | None
    since: Instant
    dialect: int
    currency: str
    tariff: Tariff | None
    on_a_ticket: bool = False


def known(intent: TariffSet, *, is_set: bool = True) -> Known:
    id = intent.tariff if is_set else None
    return Known(intent.name, id, intent.valid_from, intent.dialect, intent.currency, readable(intent))


async def holds_now(connection: AsyncConnection, lot: LotId, standing: Iterable[Stands], now: Instant) -> Known | None:
    """What the lot pins on a ticket now, as far as the cloud can know; None: nobody has come in yet."""
    holds = holding(standing, now)
    if holds is not None:
        return known(tariff_of(holds))
    last = await last_pinned(connection, lot)
    if last is None:
        return None
    dialect = 0 if last.tariff is None else last.tariff.dialect
    return Known("the lot's own", None, last.at, dialect, last.currency, last.tariff, on_a_ticket=True)
