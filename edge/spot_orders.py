"""Carries out what a person orders about spots, and says what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edge.local import Obeyed, SpotsOrder
from edge.parking.places import counting, upkeep
from edge.parking.places.sensors import SpotWatch
from edge.parking.places.upkeep import NotDone
from edge.store import Store, StoreUnavailable, Transaction


@dataclass(frozen=True)
class SpotOrders:
    """Each order is one transaction: what is said to be done is on the disk."""

    store: Store
    watch: SpotWatch

    async def obey(self, asked: SpotsOrder) -> Obeyed:
        try:
            return Obeyed(said=await self.store.write(self._decision(asked)))
        except NotDone as wrong:
            return Obeyed(why_not=str(wrong))
        except StoreUnavailable as wrong:
            return Obeyed(why_not=f"the store can't put it on record ({wrong})")

    def _decision(self, asked: SpotsOrder) -> Callable[[Transaction], str]:
        match asked.spots:
            case "out_of_service":
                return lambda tx: upkeep.withdraw(tx, _spot(tx, asked), asked.by, asked.reason)
            case "in_service":
                return lambda tx: upkeep.put_back(tx, _spot(tx, asked), asked.by, asked.reason)
            case "reset_count":
                return lambda tx: self._reset(tx, asked)

    def _reset(self, tx: Transaction, asked: SpotsOrder) -> str:
        if asked.vehicles is None:
            raise NotDone("the number of vehicles that were counted is missing")
        level = None if asked.level is None else upkeep.level_called(tx.connection, asked.level)
        sensed = self.watch.sensed(tx.connection)
        return counting.reset_count(tx, level, asked.vehicles, asked.by, asked.reason, sensed)


def _spot(tx: Transaction, asked: SpotsOrder) -> upkeep.Spot:
    if asked.spot is None:
        raise NotDone("the number of the spot is missing")
    return upkeep.spot_called(tx.connection, asked.spot, asked.level)
