"""Whether the parts of a lot agree with each other: what no section can know by itself. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drivers.contract import CameraSettings, PaymentTerminal
from drivers.registry import driver_name
from drivers.settings import DriverSettings
from drivers.twin_connection import TWIN
from edge.config.allocation_checks import called_alike, unknown_places, unknown_zones, zones_within
from edge.config.allocation_settings import AllocationSettings
from edge.config.list_checks import list_disagreements
from edge.config.list_settings import AccountSettings, BarredSettings, PermitSettings
from edge.config.payment_settings import PaymentSettings, StationSettings
from edge.config.retention_settings import RetentionSettings
from edge.config.settings import (
    LevelSettings,
    LinkSettings,
    LotIdentity,
    SensedSpot,
    SimulationSettings,
)
from edge.config.tariff_settings import TariffSettings
from models.documents.document import Path, path_text
from models.documents.finding import Finding
from models.ids import LaneName
from models.money import from_major
from models.tickets import Direction

EXAMPLE_LOT_ID = "00000000-0000-7000-8000-000000000000"
"""What `init` writes; a lot that speaks to a cloud has one of its own."""
BY_THE_HOUR = ("currency", "hourly_rate", "daily_maximum")
"""The keys of a tariff that stands in the lot's own file."""


@dataclass(frozen=True)
class KnownLane:
    """What is right in a lane, which may have other keys that aren't; `keys` are all that stand there.

    `parts` by the way to them from the lane, such as `("buttons", "help")`.
    """

    name: LaneName | None
    direction: Direction | None
    two_way: bool
    parts: Mapping[Path, DriverSettings]
    waits: tuple[float, float] | None
    """`view.guess_after` and `timing.read_within`, where both are right"""
    keys: frozenset[str]


@dataclass(frozen=True)
class Pieces:
    """The sections that are right by themselves, lists by their place in the file: a lot as far as it can be told."""

    lot: LotIdentity | None = None
    tariff: TariffSettings | None = None
    levels: Mapping[int, LevelSettings] = field(default_factory=dict[int, LevelSettings])
    all_levels: bool = False
    """Whether every level is right, so that it can be told what isn't there"""
    permits: Mapping[int, PermitSettings] = field(default_factory=dict[int, PermitSettings])
    accounts: Mapping[int, AccountSettings] = field(default_factory=dict[int, AccountSettings])
    barred: Mapping[int, BarredSettings] = field(default_factory=dict[int, BarredSettings])
    lanes: Mapping[int, KnownLane] = field(default_factory=dict[int, KnownLane])
    allocation: AllocationSettings | None = None
    payments: PaymentSettings | None = None
    sensed: tuple[SensedSpot, ...] = ()
    retention: RetentionSettings | None = None
    link: LinkSettings | None = None
    simulation: SimulationSettings | None = None
    stations: tuple[StationSettings, ...] = ()
    beside: Mapping[Path, DriverSettings] = field(default_factory=dict[Path, DriverSettings])
    kiosk: bool = False


def disagreements(pieces: Pieces) -> Iterator[Finding]:
    """Everything that doesn't agree, in the order of the file's sections."""
    yield from _identity(pieces)
    yield from _money(pieces)
    yield from _levels(pieces)
    yield from list_disagreements(pieces.permits, pieces.accounts, pieces.barred)
    yield from _lanes(pieces)
    yield from _allocation(pieces)
    yield from _payments(pieces)
    yield from _claimed_twice(pieces)
    yield from _shared_in_two_ways(pieces)
    yield from _retention(pieces)
    yield from _simulation(pieces)
    yield from _lockstep(pieces)


def _identity(pieces: Pieces) -> Iterator[Finding]:
    if pieces.lot is not None and pieces.link is not None and pieces.lot.id == EXAMPLE_LOT_ID:
        yield Finding(("lot", "id"), "this is the example's id: a lot with a link needs the one that enrolment gave it")


def _money(pieces: Pieces) -> Iterator[Finding]:
    tariff = pieces.tariff
    if tariff is None:
        return
    by_the_hour = {key: getattr(tariff, key) for key in BY_THE_HOUR}
    said = [key for key, value in by_the_hour.items() if value is not None]
    if tariff.file is not None:
        if said:
            keys = " and ".join((", ".join(said[:-1]), said[-1])) if len(said) > 1 else said[0]
            yield Finding(("tariff", "file"), f"either `file` is expected, or {keys}: the tariff's file says all of it")
        return
    if not said:
        yield Finding(("tariff",), f"`file` is expected, with the tariff's own file, or {', '.join(BY_THE_HOUR)}")
        return
    for key in BY_THE_HOUR:
        if key not in said:
            yield Finding(("tariff", key), f'the key "{key}" is missing here, or has no value')
    yield from _rates(tariff)


def _rates(tariff: TariffSettings) -> Iterator[Finding]:
    exact = True
    for key, amount in (("hourly_rate", tariff.hourly_rate), ("daily_maximum", tariff.daily_maximum)):
        try:
            if amount is not None and tariff.currency is not None:
                from_major(amount, tariff.currency)
        except ValueError as error:
            exact = False
            yield Finding(("tariff", key), str(error))
    rate, most = tariff.hourly_rate, tariff.daily_maximum
    if exact and rate is not None and most is not None and most < rate:
        yield Finding(("tariff", "daily_maximum"), "at least the hourly rate is expected: one hour would cost more")


def _retention(pieces: Pieces) -> Iterator[Finding]:
    keep = pieces.retention
    if keep is None:
        return
    if keep.debts < keep.plates:
        yield Finding(("retention", "debts"), f"at least the {keep.plates} days of `plates` are expected")
    if keep.tickets <= keep.plates:
        yield Finding(("retention", "tickets"), f"more than the {keep.plates} days of `plates` are expected")


def _levels(pieces: Pieces) -> Iterator[Finding]:
    yield from _twice("levels", "floor", {i: level.floor for i, level in pieces.levels.items()})
    yield from _twice("levels", "name", {i: level.name for i, level in pieces.levels.items()})
    for index, level in pieces.levels.items():
        taken: set[str] = set()
        for group_index, group in enumerate(level.spots):
            path: Path = ("levels", index, "spots", group_index, "numbers")
            within = [number for number, count in Counter(group.numbers).items() if count > 1]
            again = [*within, *(number for number in group.numbers if number in taken and number not in within)]
            if again:
                some = ", ".join(again[:5]) + (", ..." if len(again) > 5 else "")
                yield Finding(path, f"{some}: a number stands for one spot of {level.name!r}; it has been used already")
            taken.update(group.numbers)


def _lanes(pieces: Pieces) -> Iterator[Finding]:
    yield from _twice("lanes", "name", {i: lane.name for i, lane in pieces.lanes.items() if lane.name is not None})
    for index, lane in pieces.lanes.items():
        if lane.waits is not None and lane.waits[0] >= lane.waits[1]:
            asked = f"less than timing.read_within ({lane.waits[1]:g} s) is expected: the driver is asked before that"
            yield Finding(("lanes", index, "view", "guess_after"), asked)
        if lane.two_way:
            yield from _two_way(index, lane)
            continue
        for key in ("far_arming_loop", "far_camera"):
            if key in lane.keys:
                yield Finding(("lanes", index, key), "this belongs to a lane that works both ways: two_way: true")
        if lane.direction is Direction.EXIT and "payment_terminal" not in lane.keys:
            yield Finding(("lanes", index), 'an exit takes money: it needs a "payment_terminal"')
        if lane.direction is Direction.ENTRY and "payment_terminal" in lane.keys:
            yield Finding(("lanes", index, "payment_terminal"), "nobody pays at an entry: this belongs to an exit")
    directions = {lane.direction for lane in pieces.lanes.values()}
    if directions == {Direction.EXIT} and not any(lane.two_way for lane in pieces.lanes.values()):
        yield Finding(("lanes",), "at least one lane with direction: entry is expected")


def _payments(pieces: Pieces) -> Iterator[Finding]:
    """Stations are named like lanes, and sums are of the tariff's currency."""
    taken = {lane.name for lane in pieces.lanes.values()}
    for index, station in enumerate(pieces.stations):
        if station.name in taken:
            yield Finding(("stations", index, "name"), f"a lane or station is called {station.name!r} already")
        taken.add(station.name)
    currency = None if pieces.tariff is None else pieces.tariff.currency
    ceiling = None if pieces.payments is None else pieces.payments.ceiling
    if currency is None or ceiling is None:
        return
    for key, amount in (("stay", ceiling.stay), ("lot", ceiling.lot)):
        try:
            from_major(amount, currency)
        except ValueError as error:
            yield Finding(("payments", "ceiling", key), str(error))


def _two_way(index: int, lane: KnownLane) -> Iterator[Finding]:
    for key, why in (
        ("payment_terminal", "those who leave pay there"),
        ("arming_loop", "it tells from which side a vehicle comes"),
        ("far_arming_loop", "it tells from which side a vehicle comes"),
        ("closing_loop", "without it nobody knows who has passed"),
    ):
        if key not in lane.keys:
            yield Finding(("lanes", index), f'a lane that works both ways needs a "{key}": {why}')


def _allocation(pieces: Pieces) -> Iterator[Finding]:
    levels = [level.name for level in pieces.levels.values()]
    zones: list[tuple[Path, str]] = [
        (("levels", index, "spots", group_index, "zone"), group.zone)
        for index, level in pieces.levels.items()
        for group_index, group in enumerate(level.spots)
    ]
    yield from called_alike(levels, zones)
    if not pieces.all_levels:
        return  # what a level that is wrong would have is anybody's guess
    known = frozenset(levels) | zones_within(zone for _, zone in zones)
    entries = {
        lane.name: lane.direction is Direction.ENTRY or lane.two_way
        for lane in pieces.lanes.values()
        if lane.name is not None
    }
    if pieces.allocation is not None:
        yield from unknown_places(pieces.allocation, known, entries)
    yield from _sensed(pieces)
    for index, permit in pieces.permits.items():
        yield from unknown_zones(("permits", index, "zones"), permit.zones, known)


def _sensed(pieces: Pieces) -> Iterator[Finding]:
    numbers = {
        level.floor: {number for group in level.spots for number in group.numbers} for level in pieces.levels.values()
    }
    first: dict[tuple[int, str], int] = {}
    for index, spot in enumerate(pieces.sensed):
        if spot.level not in numbers:
            floors = ", ".join(map(str, sorted(numbers)))
            yield Finding(("spot_sensors", index, "level"), f"the lot has no floor {spot.level}, only {floors}")
        elif spot.number not in numbers[spot.level]:
            yield Finding(("spot_sensors", index, "number"), f"floor {spot.level} has no spot {spot.number!r}")
        elif first.setdefault((spot.level, spot.number), index) != index:
            other = first[spot.level, spot.number]
            yield Finding(("spot_sensors", index, "number"), f"spot_sensors[{other}] is for this spot already")


def _twice(section: str, key: str, values: Mapping[int, object]) -> Iterator[Finding]:
    first: dict[object, int] = {}
    for index, value in values.items():
        if value in first:
            yield Finding((section, index, key), f"{section}[{first[value]}] has this {key} already")
        first.setdefault(value, index)


def _claimed_twice(pieces: Pieces) -> Iterator[Finding]:
    holders: dict[str, Path] = {}
    for path, part in _parts(pieces):
        for key, claim in part.claims.items():
            way = (*path, *key.split("."))
            if holders.setdefault(claim, way) != way:
                yield Finding(way, f"{path_text(holders[claim])} uses {claim} already")


def _lockstep(pieces: Pieces) -> Iterator[Finding]:
    """A twin plays every part of its lot, and only of its lot: nothing else can follow its time. But for terminals on
    this machine, which a simulation may play at the far end of their own drivers."""
    locked = pieces.simulation is not None and pieces.simulation.lockstep is not None
    for path, part in _parts(pieces):
        if locked and part.contract is PaymentTerminal and not part.reaches_hardware:
            continue
        if (driver_name(type(part)) == TWIN) is not locked:
            why = "in lock-step the twin plays every part: `driver: twin` is expected"
            yield Finding(
                path, why if locked else "a twin's part works only in lock-step (`simulation: {lockstep: ...}`)"
            )


def _shared_in_two_ways(pieces: Pieces) -> Iterator[Finding]:
    claimed = {claim: (*path, *key.split(".")) for path, part in _parts(pieces) for key, claim in part.claims.items()}
    holders: dict[str, tuple[Path, str]] = {}
    for path, part in _parts(pieces):
        for key, (what, use) in part.shares.items():
            way = (*path, *key.split("."))
            holder, first_use = holders.setdefault(what, (way, use))
            if what in claimed:
                yield Finding(way, f"{path_text(claimed[what])} uses {what} already, for itself alone")
            elif first_use != use:
                yield Finding(way, f"{path_text(holder)} uses {what} already, in another way ({first_use}, not {use})")


def _simulation(pieces: Pieces) -> Iterator[Finding]:
    if pieces.simulation is None or pieces.simulation.lockstep is not None:
        return
    for path, part in _parts(pieces):
        if part.contract is not CameraSettings and part.reaches_hardware:
            yield Finding(
                path,
                "this may be real, and a simulation moves nothing real: "
                "use a broker on this machine (127.0.0.1) or the driver simulated, or take the simulation section out",
            )


def _parts(pieces: Pieces) -> Iterator[tuple[Path, DriverSettings]]:
    for index, lane in pieces.lanes.items():
        for way, part in lane.parts.items():
            yield ("lanes", index, *way), part
    yield from pieces.beside.items()
