"""What a stay costs by the tariff on its ticket, as far as it is known when it began and how long it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from edge.parking.stays import moments
from edge.parking.stays.moments import What, When, between
from edge.parking.stays.tickets import Ticket
from edge.parking.tariffs.former import Former, former_stays
from edge.parking.tariffs.prepaid import Part, Prepaid, prepaid_of, together, unpaid_parts
from edge.store import Transaction, boots
from models.instants import SECOND, Instant
from models.ledger.booking import shared
from models.money import Minor
from models.tariff import Earlier, Fee, HourlyTariff, Line, Stay, Terms, fee
from models.tariff.bill import What as Of
from models.tariff.lowest import lowest_fee
from models.timeline import Bounds, Length
from models.valet import VALET


@dataclass(frozen=True, slots=True)
class Priced:
    """`certain`: all is known that the fee depends on; else it is the lowest that is consistent with what is."""

    fee: Fee
    length: Length
    certain: bool


def priced(tx: Transaction, ticket: Ticket, until: When) -> Priced:
    """What the stay costs until then; the least of what is possible."""
    came = moments.when(tx, ticket.id, What.ENTERED, ticket.entered)
    length = between(tx, came, until)
    prepaid = prepaid_of(tx, ticket)
    if prepaid is not None:
        return _beside(tx, ticket, prepaid, came, until, length)
    tariff = ticket.tariff
    alone, certain = _alone(tx, ticket, came, until, length)
    if isinstance(tariff, HourlyTariff) or not tariff.re_entry:
        return Priced(alone, length, certain)
    stay = _stay(ticket, tariff)
    ways = _ways(tx, ticket, tariff, came, until, stay, alone)
    return Priced(min(ways, key=lambda way: way.total), length, certain)


def _alone(tx: Transaction, ticket: Ticket, begun: When, ended: When, length: Length) -> tuple[Fee, bool]:
    """The fee of a stay of that length, and whether all is known that it depends on."""
    tariff = ticket.tariff
    if isinstance(tariff, HourlyTariff):
        return fee(tariff, begun.wall, Instant(begun.wall + length.least)), length.is_known
    entered, known = _bounds(tx, begun)
    known = known and entered[0] == entered[1] and length.is_known
    stay = _stay(ticket, tariff)
    left, _ = (_NOBODY_KNOWS, False) if known else _bounds(tx, ended)
    return lowest_fee(tariff, *entered, length.least, length.most, stay, left), known


def _beside(tx: Transaction, ticket: Ticket, prepaid: Prepaid, came: When, until: When, length: Length) -> Priced:
    """What a reservation's guest was there before and after its window."""
    (came_at, knows_came), (left_at, knows_left) = _bounds(tx, came), _bounds(tx, until)
    unpaid = list(unpaid_parts(prepaid, came, came_at, until, left_at))
    parts = _lost_once(tx, ticket, unpaid)
    certain = knows_came and knows_left and came_at[0] == came_at[1] and left_at[0] == left_at[1]
    whole = together(prepaid, ticket.tariff.currency, [charged for charged, _ in parts])
    return Priced(whole, length, certain and all(known for _, known in parts))


def _lost_once(tx: Transaction, ticket: Ticket, unpaid: list[Part]) -> list[tuple[Fee, bool]]:
    """What each part costs. There is one ticket to lose: what that costs is charged with one part alone, and with the
    one where all is the least."""

    def parts(with_it: int | None) -> list[tuple[Fee, bool]]:
        stays = (replace(ticket, lost=number == with_it) for number in range(len(unpaid)))
        return [_alone(tx, stay, part.begun, part.ended, part.length) for stay, part in zip(stays, unpaid, strict=True)]

    if not (ticket.lost and unpaid):
        return parts(None)
    return min(map(parts, range(len(unpaid))), key=lambda way: sum(charged.total for charged, _ in way))


def _stay(ticket: Ticket, tariff: Terms) -> Stay:
    return Stay(
        vehicle=ticket.vehicle_type,
        spot=ticket.spot_type,
        validations=(*ticket.validations, *_of_holder(tariff), *_valet(ticket, tariff)),
        lost=ticket.lost,
        entry_known=ticket.entry_known,
    )


def _of_holder(tariff: Terms) -> tuple[str, ...]:
    """The rates of a permit count like a validation with own rates."""
    return () if tariff.holder is None else (tariff.holder,)


def _valet(ticket: Ticket, tariff: Terms) -> tuple[str, ...]:
    """What an attendant's work costs stands in the tariff as an offer with rates of its own; without it, nothing."""
    offered = tariff.validations is not None and VALET in tariff.validations.offers
    return (VALET,) if ticket.valet and offered else ()


_NOBODY_KNOWS: Bounds = (None, None)
_BEFORE_ANY_LOT = Instant(1_767_225_600 * SECOND)
"""2026: a clock that says less was never set."""


def _bounds(tx: Transaction, when: When) -> tuple[Bounds, bool]:
    """When that can have been, and whether a time server says so. What the wall clock said is kept where it is right,
    and believed where no time server was ever heard, once somebody has set it: there is nothing else to go by."""
    earliest, latest = moments.possible(tx, when)
    if earliest is None and latest is None:
        return ((when.wall, when.wall) if when.wall >= _BEFORE_ANY_LOT else _NOBODY_KNOWS), False
    if earliest is not None and earliest == latest and abs(earliest - when.wall) <= boots.STEP:
        return (when.wall, when.wall), True
    return (earliest, latest), True


def _ways(
    tx: Transaction, ticket: Ticket, tariff: Terms, came: When, until: When, stay: Stay, alone: Fee
) -> Iterator[Fee]:
    """The stay alone and as the going on of those before it, as far as either can be: who came back soon enough."""
    assert tariff.re_entry is not None
    within = tariff.re_entry.within * SECOND
    gone_on: list[Former] = []
    surely = True
    for former in former_stays(tx, ticket, came):
        if former.gap.least > within:
            break
        if surely and (former.gap.most is None or former.gap.most > within):
            surely = False
            yield _joined(tx, tariff, gone_on, came, until, stay, alone)
        gone_on.append(former)
    yield _joined(tx, tariff, gone_on, came, until, stay, alone)


def _joined(
    tx: Transaction, tariff: Terms, gone_on: list[Former], came: When, until: When, stay: Stay, alone: Fee
) -> Fee:
    """With these stays before it, the last one first."""
    if not gone_on:
        return alone
    (earliest, latest), _ = _bounds(tx, came)
    length = between(tx, came, until)
    if earliest is not None and earliest == latest and all(former.is_known for former in gone_on):
        whole = replace(stay, earlier=_earlier(earliest, gone_on))
        return lowest_fee(tariff, earliest, earliest, length.least, length.most, whole)
    return _as_one(tx, tariff, gone_on, until, stay)


def _earlier(entered: Instant, gone_on: list[Former]) -> tuple[Earlier, ...]:
    """By how long ago each was, whatever the wall clock said then."""
    found: list[Earlier] = []
    for former in gone_on:
        left = Instant(entered - former.gap.least)
        entered = Instant(left - former.length.least)
        found.append(Earlier(entered, left, former.paid))
    return tuple(reversed(found))


def _as_one(tx: Transaction, tariff: Terms, gone_on: list[Former], until: When, stay: Stay) -> Fee:
    """Where nobody knows how long the vehicle was away: the lowest of one stay that began with the first of them."""
    first, paid = gone_on[-1], sum(former.paid for former in gone_on)
    (entered, _), (left, _) = _bounds(tx, first.came), _bounds(tx, until)
    length = between(tx, first.came, until)
    whole = lowest_fee(tariff, *entered, length.least, length.most, stay, left)
    before = Minor(min(paid, whole.total))
    return replace(
        whole,
        total=Minor(whole.total - before),
        taxes=tuple(shared(Minor(whole.total - before), whole.total, whole.taxes)),
        lines=(*whole.lines, Line(Of.PAID, "Paid before", Minor(-before))),
    )
