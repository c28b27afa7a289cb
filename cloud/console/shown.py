"""Puts a lot into the words and numbers that the page shows. Pure; times leave as milliseconds since 1970."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from cloud.console.cards import Card, SpotCount, zone
from cloud.ingest.lanes import LaneEvent
from cloud.queries import Alarm, LaneView
from models.instants import Instant, to_datetime
from models.lanes import HoldCause
from models.money import Minor, written
from models.refusals import Refusal
from models.spots import SpotType
from models.tickets import Direction

Shown = dict[str, Any]
Sees = Callable[[str | None], str | None]
"""What an operator sees of a plate."""

TYPES = {
    SpotType.MOTORCYCLE: "Motorcycle",
    SpotType.COMPACT: "Compact",
    SpotType.REGULAR: "Regular",
    SpotType.LARGE: "Large",
    SpotType.HANDICAP: "Accessible",
    SpotType.EV: "EV",
}
ALARMS_ON_A_CARD = 2

_EVENTS: dict[str, tuple[str, str]] = {
    LaneEvent.ADMITTED: ("Admitted", "going"),
    LaneEvent.ENTERED: ("Entered", "good"),
    LaneEvent.BACKED_OUT: ("Backed out", "quiet"),
    LaneEvent.ALLOWED_OUT: ("Paid, leaving", "going"),
    LaneEvent.TURNED_BACK: ("Turned back", "quiet"),
    LaneEvent.LEFT: ("Left", "good"),
    LaneEvent.REFUSED: ("Refused", "bad"),
}
_PHASES = {
    "idle": "Ready",
    "reading": "Reading plate",
    "deciding": "Deciding",
    "refused": "Refused",
    "vended": "Arm called",
    "passing": "Vehicle passing",
    "unsure": "Looking again",
}
_ARMS = {
    "open": "arm up",
    "closed": "arm down",
    "held": "arm kept up",
    "moving": "arm moving",
    "faulted": "arm out of order",
    "unknown": "arm unknown",
}
_STATES = {"full": "Full", "closed_to_transients": "Permits only", "closed": "Closed"}


def milliseconds(at: Instant | None) -> int | None:
    return None if at is None else at // 1000


def local(at: Instant, timezone: str, form: str = "%H:%M:%S") -> str:
    """The lot's own wall clock time."""
    moment = to_datetime(at)
    with suppress(OverflowError):  # at the end of the calendar, where no clock of a lot that is in order stands
        moment = moment.astimezone(zone(timezone))
    return moment.strftime(form)


def card(of: Card, sees: Sees, alarms: int = ALARMS_ON_A_CARD) -> Shown:
    """Everything that a lot's card on the overview says, with so many of its alarms spelt out."""
    lot = of.lot
    return {
        "id": lot.id,
        "name": lot.name,
        "address": lot.address,
        "online": lot.online,
        "contact": milliseconds(lot.last_contact),
        "total": lot.total,
        "free": lot.available,
        "inside": of.inside,
        "backlog": lot.backlog or 0,
        "parked": lot.parked,
        "attention": attention(of),
        "alarmCount": lot.alarms,
        "alarms": [alarm(each) for each in of.alarms[:alarms]],
        "types": by_type(of.counts),
        "levels": by_level(of.counts),
        "lanes": [lane(each, of, sees) for each in of.lanes],
        "takings": money(of.takings) or ([written(Minor(0), lot.currency)] if lot.currency else []),
    }


def attention(of: Card) -> int:
    """How much a lot asks for a person, the most first: alarms, then a lost link, then how full it is (0 to 100)."""
    lot = of.lot
    fullness = 100 * lot.occupied // lot.total if lot.total else 0
    return 1000 * min(lot.alarms + lot.parked, 99) + (0 if lot.online else 500) + fullness


def totals(cards: Iterable[Card]) -> Shown:
    """The row of figures over all lots."""
    every = list(cards)
    taken: dict[str, int] = defaultdict(int)
    for each in every:
        for currency, amount in each.takings.items():
            taken[currency] += amount
    return {
        "free": sum(each.lot.available for each in every),
        "total": sum(each.lot.total for each in every),
        "inside": sum(each.inside for each in every),
        "alarms": sum(each.lot.alarms for each in every),
        "takings": money({currency: Minor(amount) for currency, amount in taken.items()}),
    }


def money(amounts: Mapping[str, Minor]) -> list[str]:
    """Amounts by currency, the largest number first."""
    return [written(amounts[currency], currency) for currency in sorted(amounts, key=lambda c: (-amounts[c], c))]


def lane(of: LaneView, on: Card, sees: Sees) -> Shown:
    said, tone = _EVENTS.get(of.event or "", ("No vehicle yet", "quiet"))
    return {
        "name": of.name,
        "entry": of.direction == Direction.ENTRY,
        "phase": _phase(of),
        "busy": of.phase not in (None, "idle"),
        "arm": _ARMS.get(of.barrier or "", of.barrier),
        "up": of.barrier in ("open", "moving", "held"),
        "faults": list(of.lane_faults),
        "said": said,
        "tone": tone,
        "why": refusal(of.reason),
        "plate": sees(of.plate),
        "code": of.ticket_code,
        "spot": on.spot_of.get(of.ticket) if of.ticket else None,
        "at": milliseconds(of.at),
        "time": None if of.at is None else local(of.at, on.lot.timezone),
    }


def _phase(of: LaneView) -> str | None:
    """What the lane is doing, or whom it lets in when that isn't everybody."""
    if of.phase in (None, "idle"):
        said = "Fire alarm" if of.hold == HoldCause.FIRE else _STATES.get(of.state or "")
        if said is not None:
            return said
    return _PHASES.get(of.phase or "", of.phase)


def refusal(reason: str | None) -> str | None:
    """What an operator is told of a refusal; a reason of a newer release is shown by its name."""
    if reason is None:
        return None
    return Refusal[reason].operator if reason in Refusal.__members__ else reason.replace("_", " ").capitalize()


def alarm(of: Alarm) -> Shown:
    return {
        "code": of.code,
        "said": fault(of.code),
        "source": of.source,
        "detail": of.detail,
        "since": milliseconds(of.since),
        "times": of.times,
        "cloud": of.raised_by == "cloud",
    }


def fault(code: str) -> str:
    """`camera.frozen` as `Camera: frozen`: the catalogues of meanings stand with the parts, at the lot."""
    said = code.replace("_", " ").replace(".", ": ", 1)
    return said[:1].upper() + said[1:]


def by_type(counts: Iterable[SpotCount]) -> list[Shown]:
    """Free and total of each type that the lot has, from the tightest."""
    every = list(counts)
    held = [kind for kind in SpotType if any(count.type is kind for count in every)]
    return [{"type": kind, "name": TYPES[kind], **_sum(c for c in every if c.type is kind)} for kind in held]


def by_level(counts: Iterable[SpotCount]) -> list[Shown]:
    """Free and total of each level, from the lowest, with the same for each type on it."""
    every = list(counts)
    held = sorted({(count.floor, count.level) for count in every})
    return [
        {
            "floor": floor,
            "name": name,
            **_sum(c for c in every if (c.floor, c.level) == (floor, name)),
            "types": {c.type: {"total": c.total, "free": c.free} for c in every if (c.floor, c.level) == (floor, name)},
        }
        for floor, name in held
    ]


def _sum(counts: Iterable[SpotCount]) -> Shown:
    each = list(counts)
    return {"total": sum(count.total for count in each), "free": sum(count.free for count in each)}
