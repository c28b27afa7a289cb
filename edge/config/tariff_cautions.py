"""What a tariff's own file says and this lot can't do, or does in another way than its manager may think. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from edge.config.lane_settings import LaneSettings
from edge.config.settings import LotSettings
from models.documents.document import Path
from models.documents.finding import Finding
from models.spots import SpotType, VehicleType
from models.tariff import Terms
from models.tariff.language.parts import Whose
from models.tickets import Direction


def tariff_cautions(lot: LotSettings) -> Iterator[Finding]:
    """By their place in the tariff's file."""
    terms = lot.tariff.terms
    if terms is None:
        return
    told, there = vehicles_told(lot), {type for level in lot.planned_levels() for _, type in level.spots}
    for path, part in _for_some(terms):
        yield from _untold(path, part, told)
        yield from _without_spots(path, part, there)
    if terms.machine_maximum is not None and not _is_heard(lot):
        yield Finding(("machine_maximum",), _NOBODY_COMES)


def not_charged_here(terms: Terms) -> list[str]:
    """Sections of a tariff that nothing at a gate leads to."""
    return [] if terms.charging is None else [f"The tariff's charging: {_NOT_CHARGED}."]


def vehicles_told(lot: LotSettings) -> set[VehicleType]:
    """The kinds of vehicle that some entry can tell."""
    return {kind for lane in lot.lanes for kind in _told_at(lane) if lane.two_way or lane.direction is Direction.ENTRY}


def _told_at(lane: LaneSettings) -> set[VehicleType]:
    if lane.choose_type or lane.classifier is not None:
        return set(VehicleType)
    pressed = {kind for kind in VehicleType if getattr(lane.buttons, kind.lower()) is not None}
    return {lane.vehicle_type, *pressed}


def _for_some(terms: Terms) -> Iterator[tuple[Path, Whose]]:
    for section in ("rates", "extras", "caps", "specials", "free", "factors"):
        for index, part in enumerate(getattr(terms, section)):
            yield (section, index), part


def _untold(path: Path, part: Whose, told: set[VehicleType]) -> Iterator[Finding]:
    if part.vehicles and not told & set(part.vehicles):
        yield Finding((*path, "vehicles"), _UNTOLD.format(of=", ".join(part.vehicles)))


def _without_spots(path: Path, part: Whose, there: set[SpotType]) -> Iterator[Finding]:
    if part.spots and not there & set(part.spots):
        yield Finding((*path, "spots"), f"this is never charged here: the lot has no spot of the type {part.spots[0]}")


def _is_heard(lot: LotSettings) -> bool:
    return lot.link is not None or (lot.kiosk is not None and lot.kiosk.help_number is not None)


_UNTOLD = (
    "this is never charged here: no entry tells {of} from others; give one a `classifier`, buttons, or "
    "`choose_type: true`"
)
_NOBODY_COMES = (
    "who owes more than this waits for a person, and nobody hears of it: there is no link, and no telephone number to "
    "show; give the lot a `link`, or write a number under `kiosk: help_number`. Without a person the vehicle is let "
    "out after `timing: answer_within`, and the fee is a debt on record"
)
_NOT_CHARGED = "nothing tells this lot what a vehicle has charged; only its parking is charged at the gate"
