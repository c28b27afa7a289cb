"""What the facts of single spots change: who stands there, and whether anybody is led to them."""

from __future__ import annotations

from models.effects.by_fact import changes_of
from models.effects.changes import Change, SpotOf, spot_set
from models.facts import SpotReturned, SpotsRestored, SpotTakenByUnknown, SpotWithdrawn, StayMoved, UnknownVehicleGone
from models.ids import LotId, SpotId
from models.spots import Blocked, SpotStatus


@changes_of.register
def _(fact: StayMoved, lot: LotId, spot_of: SpotOf) -> list[Change]:
    """The spot that it left is free before another is taken: never two tickets on one, at no moment."""
    return [
        Change("update", "tickets", fact.ticket, {"spot_id": fact.spot}),
        *spot_set(fact.was, SpotStatus.AVAILABLE),
        *spot_set(fact.spot, SpotStatus.OCCUPIED),
    ]


@changes_of.register
def _(fact: SpotTakenByUnknown, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return _blocked(fact.spot, Blocked.UNKNOWN_VEHICLE)


@changes_of.register
def _(fact: UnknownVehicleGone | SpotReturned, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return _blocked(fact.spot, None)


@changes_of.register
def _(fact: SpotWithdrawn, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return _blocked(fact.spot, Blocked.MAINTENANCE)


@changes_of.register
def _(fact: SpotsRestored, lot: LotId, spot_of: SpotOf) -> list[Change]:
    return [change for each in fact.spots for change in _blocked(each.spot, each.blocked)]


def _blocked(spot: SpotId, why: Blocked | None) -> list[Change]:
    return [Change("update", "spots", spot, {"blocked": why})]
