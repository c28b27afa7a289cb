"""Whether the parts of a lot agree with each other: what no section can know by itself. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from drivers.settings import DriverSettings
from edge.config.document import Path
from edge.config.settings import (
    LevelSettings,
    LinkSettings,
    LotIdentity,
    PermitSettings,
    SimulationSettings,
    TariffSettings,
)
from models.ids import LaneName
from models.money import from_major
from models.tickets import Direction

EXAMPLE_LOT_ID = "00000000-0000-7000-8000-000000000000"
"""What `init` writes; a lot that speaks to a cloud has one of its own."""


@dataclass(frozen=True)
class KnownLane:
    """What is right in a lane, which may have other keys that aren't; `keys` are all that stand there."""

    name: LaneName | None
    direction: Direction | None
    parts: Mapping[str, DriverSettings]
    keys: frozenset[str]


@dataclass(frozen=True)
class Pieces:
    """The sections that are right by themselves, lists by their place in the file: a lot as far as it can be told."""

    lot: LotIdentity | None = None
    tariff: TariffSettings | None = None
    levels: Mapping[int, LevelSettings] = field(default_factory=dict[int, LevelSettings])
    permits: Mapping[int, PermitSettings] = field(default_factory=dict[int, PermitSettings])
    lanes: Mapping[int, KnownLane] = field(default_factory=dict[int, KnownLane])
    link: LinkSettings | None = None
    simulation: SimulationSettings | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that doesn't agree: where (the value at that path), and what belongs there."""

    path: Path
    expected: str


def disagreements(pieces: Pieces) -> Iterator[Finding]:
    """Everything that doesn't agree, in the order of the file's sections."""
    yield from _identity(pieces)
    yield from _money(pieces)
    yield from _levels(pieces)
    yield from _permits(pieces)
    yield from _lanes(pieces)
    yield from _claimed_twice(pieces)
    yield from _simulation(pieces)


def _identity(pieces: Pieces) -> Iterator[Finding]:
    if pieces.lot is not None and pieces.link is not None and pieces.lot.id == EXAMPLE_LOT_ID:
        yield Finding(("lot", "id"), "this is the example's id: a lot with a link needs the one that enrolment gave it")


def _money(pieces: Pieces) -> Iterator[Finding]:
    tariff = pieces.tariff
    if tariff is None:
        return
    exact = True
    for key, amount in (("hourly_rate", tariff.hourly_rate), ("daily_maximum", tariff.daily_maximum)):
        try:
            from_major(amount, tariff.currency)
        except ValueError as error:
            exact = False
            yield Finding(("tariff", key), str(error))
    if exact and tariff.daily_maximum < tariff.hourly_rate:
        yield Finding(("tariff", "daily_maximum"), "at least the hourly rate is expected: one hour would cost more")


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


def _permits(pieces: Pieces) -> Iterator[Finding]:
    yield from _twice("permits", "plate", {i: permit.plate for i, permit in pieces.permits.items()})


def _lanes(pieces: Pieces) -> Iterator[Finding]:
    yield from _twice("lanes", "name", {i: lane.name for i, lane in pieces.lanes.items() if lane.name is not None})
    for index, lane in pieces.lanes.items():
        if lane.direction is Direction.EXIT and "payment_terminal" not in lane.keys:
            yield Finding(("lanes", index), 'an exit takes money: it needs a "payment_terminal"')
        if lane.direction is Direction.ENTRY and "payment_terminal" in lane.keys:
            yield Finding(("lanes", index, "payment_terminal"), "nobody pays at an entry: this belongs to an exit")
    directions = {lane.direction for lane in pieces.lanes.values()}
    if directions == {Direction.EXIT}:
        yield Finding(("lanes",), "at least one lane with direction: entry is expected")


def _twice(section: str, key: str, values: Mapping[int, object]) -> Iterator[Finding]:
    first: dict[object, int] = {}
    for index, value in values.items():
        if value in first:
            yield Finding((section, index, key), f"{section}[{first[value]}] has this {key} already")
        first.setdefault(value, index)


def _claimed_twice(pieces: Pieces) -> Iterator[Finding]:
    holders: dict[str, str] = {}
    for path, part in _parts(pieces):
        for key, claim in part.claims.items():
            holder = holders.setdefault(claim, f"{path[0]}[{path[1]}].{path[2]}.{key}")
            if holder != f"{path[0]}[{path[1]}].{path[2]}.{key}":
                yield Finding((*path, key), f"{holder} uses {claim} already")


def _simulation(pieces: Pieces) -> Iterator[Finding]:
    if pieces.simulation is None:
        return
    for path, part in _parts(pieces):
        if path[2] != "camera" and part.reaches_hardware:
            yield Finding(
                path,
                "this may be real, and a simulation moves nothing real: "
                "use a broker on this machine (127.0.0.1) or the driver simulated, or take the simulation section out",
            )


def _parts(pieces: Pieces) -> Iterator[tuple[Path, DriverSettings]]:
    for index, lane in pieces.lanes.items():
        for key, part in lane.parts.items():
            yield ("lanes", index, key), part
