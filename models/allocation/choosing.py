"""Chooses the bay for one vehicle: first by what it may use at all, then by the lot's rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from models.allocation.places import Bay, Seeker
from models.allocation.rules import Criterion, Plan, Rule, WhenZoneFull
from models.spots import SpotType, compatible, rights_to

Worth = Callable[[Bay], float]
"""How good a bay is by one criterion: the smallest is the best."""

NOTHING_KEPT: Mapping[SpotType, int] = MappingProxyType({})


def choose(
    plan: Plan, seeker: Seeker, bays: Sequence[Bay], kept_back: Mapping[SpotType, int] = NOTHING_KEPT
) -> Bay | None:
    """The best bay with a free spot; None: there is none for this vehicle.

    `bays` in the order in which they are written: the first of equals wins. `kept_back`: so many spots of a type, of
    those in which everybody parks, stay free for others than this vehicle.
    """
    fitting = fitting_types(seeker)
    allowed = [bay for bay in bays if bay.type in fitting and bay.total and _is_open(plan, seeker, bays, bay)]
    scarce = _spoken_for(plan, seeker, bays, kept_back)
    found = [bay for bay in allowed if bay.free and not (bay.type in scarce and is_public(plan, bay))]
    if not found:
        return None
    worths = (*_first_of_all(seeker), *_worths(plan, seeker, fitting, allowed), _tightest(fitting))
    return min(found, key=lambda bay: tuple(worth(bay) for worth in worths))


def fitting_types(seeker: Seeker) -> tuple[SpotType, ...]:
    """The types that it may use, the tightest first; a reserved place is a right to its own type."""
    own = () if seeker.reserved is None else rights_to(seeker.reserved)
    return compatible(seeker.vehicle, seeker.rights.union(own))


def is_public(plan: Plan, bay: Bay) -> bool:
    """Whether everybody may park there."""
    return not plan.reserved.intersection(bay.names)


def free_to_all(plan: Plan, bays: Iterable[Bay], spot_type: SpotType) -> int:
    """Free spots of a type in which everybody parks: what can be kept back is among these."""
    return sum(bay.free for bay in bays if bay.type is spot_type and is_public(plan, bay))


def _is_open(plan: Plan, seeker: Seeker, bays: Sequence[Bay], bay: Bay) -> bool:
    """Whether the vehicle may park there, free or not. It is the innermost reserved zone that keeps others out.

    A permit is bound only by zones that the lot has: one that names none of them parks where everybody may.
    """
    keeps_out = next((name for name in reversed(bay.names) if name in plan.reserved), None)
    if keeps_out is not None:
        return keeps_out in seeker.zones
    if not seeker.zones or plan.when_zone_full is WhenZoneFull.ELSEWHERE or seeker.reserved is not None:
        return True
    bound = any(seeker.zones.intersection(each.names) for each in bays)
    return not bound or not seeker.zones.isdisjoint(bay.names)


def _spoken_for(
    plan: Plan, seeker: Seeker, bays: Sequence[Bay], kept_back: Mapping[SpotType, int]
) -> frozenset[SpotType]:
    """The types of which every free spot is kept back for others than this vehicle."""
    return frozenset(kind for kind, kept in kept_back.items() if kept > 0 and free_to_all(plan, bays, kind) <= kept)


def _first_of_all(seeker: Seeker) -> Sequence[Worth]:
    """What no rule goes over: the type that was reserved, the zones that a permit is bound to, the spots that only a
    right opens (whoever has a badge is led to a place for it)."""
    by_right = {SpotType(right) for right in seeker.rights}
    worths: list[Worth] = []
    if seeker.reserved is not None:
        worths.append(lambda bay: bay.type is not seeker.reserved)
    if seeker.zones:
        worths.append(lambda bay: seeker.zones.isdisjoint(bay.names))
    if by_right:
        worths.append(lambda bay: bay.type not in by_right)
    return worths


def _worths(plan: Plan, seeker: Seeker, fitting: Sequence[SpotType], allowed: Sequence[Bay]) -> Sequence[Worth]:
    rule = plan.rule_for(seeker.vehicle)
    return [_worth(criterion, rule, plan, seeker, fitting, allowed) for criterion in rule.prefer]


def _worth(
    criterion: Criterion,
    rule: Rule,
    plan: Plan,
    seeker: Seeker,
    fitting: Sequence[SpotType],
    allowed: Sequence[Bay],
) -> Worth:
    match criterion:
        case Criterion.EXACT_TYPE:
            return _tightest(fitting)
        case Criterion.NEAREST:
            return _listed(plan.nearest.get(seeker.lane, ()))
        case Criterion.ZONES:
            return _listed(rule.zones)
        case Criterion.SPREAD:
            return _emptiest(allowed)


def _tightest(fitting: Sequence[SpotType]) -> Worth:
    return lambda bay: fitting.index(bay.type)


def _listed(names: Sequence[str]) -> Worth:
    """By a list of levels and zones: the innermost that is listed counts, and what isn't listed comes last."""
    place = {name: number for number, name in enumerate(names)}
    return lambda bay: next((place[name] for name in reversed(bay.names) if name in place), len(names))


def _emptiest(allowed: Sequence[Bay]) -> Worth:
    """By the share that is taken of each level's spots, of those that this vehicle may use."""
    total: dict[str, int] = {}
    free: dict[str, int] = {}
    for bay in allowed:
        total[bay.level] = total.get(bay.level, 0) + bay.total
        free[bay.level] = free.get(bay.level, 0) + bay.free
    return lambda bay: (total[bay.level] - free[bay.level]) / total[bay.level]
