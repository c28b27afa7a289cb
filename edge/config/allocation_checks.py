"""Whether the rules for spots name levels, zones and lanes that the lot has. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from edge.config.allocation_settings import AllocationSettings
from models.allocation import Criterion, names_of
from models.documents.document import Path
from models.documents.finding import Finding
from models.documents.spelling import nearest
from models.ids import LaneName


def zones_within(zones: Iterable[str]) -> frozenset[str]:
    """Those zones and all that lie around them."""
    return frozenset(name for zone in zones for name in names_of("", zone)[1:])


def called_alike(levels: Iterable[str], zones: Iterable[tuple[Path, str]]) -> Iterator[Finding]:
    """Zones that are called like a level: a rule that names it would mean both."""
    taken = frozenset(levels)
    for path, zone in zones:
        alike = sorted(taken & zones_within([zone]))
        if alike:
            yield Finding(path, f"a level is called {alike[0]!r} already: a zone needs a name of its own")


def unknown_places(
    settings: AllocationSettings, known: frozenset[str], entries: Mapping[LaneName, bool]
) -> Iterator[Finding]:
    """`known`: the names of levels and zones; `entries`: the lanes, and whether vehicles come in there."""
    yield from _unknown(("allocation", "zones"), settings.zones, known)
    yield from _unknown(("allocation", "reserved"), settings.reserved, known)
    for index, entrance in enumerate(settings.entrances):
        way: Path = ("allocation", "entrances", index)
        yield from _unknown((*way, "nearest"), entrance.nearest, known)
        yield from _no_entry((*way, "lane"), entrance.lane, entries)
    for index, vehicle in enumerate(settings.vehicles):
        yield from _unknown(("allocation", "vehicles", index, "zones"), vehicle.zones, known)
    yield from _said_twice("entrances", "lane", [each.lane for each in settings.entrances])
    yield from _said_twice("vehicles", "type", [each.type for each in settings.vehicles])
    yield from _near_nothing(settings)


def unknown_zones(path: Path, zones: Iterable[str], known: frozenset[str]) -> Iterator[Finding]:
    """Of a permit, or of whatever else names zones in a list."""
    return _unknown(path, zones, known)


def _unknown(path: Path, names: Iterable[str], known: frozenset[str]) -> Iterator[Finding]:
    for place, name in enumerate(names):
        if name not in known:
            near = nearest(name, known)
            hint = f'; did you mean "{near}"?' if near else f"; there are {', '.join(sorted(known))}"
            yield Finding((*path, place), f"the lot has no level or zone {name!r}{hint}")


def _no_entry(path: Path, lane: LaneName, entries: Mapping[LaneName, bool]) -> Iterator[Finding]:
    if lane not in entries:
        near = nearest(lane, entries)
        yield Finding(path, f"there is no lane {lane!r}" + (f'; did you mean "{near}"?' if near else ""))
    elif not entries[lane]:
        yield Finding(path, "an entry is expected: nobody comes in at this lane")


def _said_twice(section: str, key: str, names: list[str]) -> Iterator[Finding]:
    for index, name in enumerate(names):
        first = names.index(name)
        if first != index:
            yield Finding(("allocation", section, index, key), f"allocation.{section}[{first}] has this {key} already")


def _near_nothing(settings: AllocationSettings) -> Iterator[Finding]:
    if settings.entrances:
        return
    ways: list[tuple[Path, tuple[Criterion, ...]]] = [(("allocation", "prefer"), settings.prefer)]
    ways += [(("allocation", "vehicles", n, "prefer"), each.prefer) for n, each in enumerate(settings.vehicles)]
    for path, prefer in ways:
        if Criterion.NEAREST in prefer:
            yield Finding(path, "`nearest` needs the list allocation.entrances: what lies near each entry")
