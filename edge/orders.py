"""People's orders, given at the lot itself or from afar: each to whom it concerns, and what came of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge.attended import Attended
from edge.lane.controller import LaneController
from edge.lane.signals import Order
from edge.local import Asked, LaneOrder, Obeyed, PassbackOrder, SpotsOrder, obeyed
from edge.money_desk import MoneyDesk
from edge.money_orders import MoneyOrder
from edge.parking.access.passback import neutralise
from edge.parking.access.policy import LotPolicy
from edge.receipt_orders import ReceiptOrder
from edge.receipts import Receipts
from edge.spot_orders import SpotOrders
from edge.store import Transaction
from models.documents.spelling import nearest
from models.ids import LaneName
from models.lanes import OrderKind
from models.plates import normalised


@dataclass(frozen=True)
class Orders:
    """`write` puts on record when it can, in order."""

    lanes: Mapping[LaneName, LaneController]
    policy: LotPolicy
    spots: SpotOrders
    attended: Attended
    money: MoneyDesk
    receipts: Receipts
    write: Callable[[Callable[[Transaction], None]], None]

    async def obey(self, asked: Asked, order_id: str | None = None) -> Obeyed:
        """`order_id` names an order that was given from afar."""
        if isinstance(asked, PassbackOrder):
            return self._reset_passback(asked)
        if isinstance(asked, SpotsOrder):
            return await self.spots.obey(asked)
        if isinstance(asked, MoneyOrder):
            return await self.money.carry_out(asked)
        if isinstance(asked, ReceiptOrder):
            return await self.receipts.obey(asked)
        if not isinstance(asked, LaneOrder):
            return await self.attended.carry_out(asked)
        lane = self.lanes.get(LaneName(asked.lane))
        if lane is None:
            return Obeyed(why_not=f"there is no lane {asked.lane!r}; there are {', '.join(self.lanes)}")
        if asked.kind is OrderKind.RESET_FAULTS:
            self.write(lambda tx: neutralise(tx, asked.reason, by=asked.by))
        order = Order(order_id or str(uuid.uuid4()), asked.kind, asked.by, asked.reason, asked.state)
        return obeyed(await lane.carry_out(order))

    def _reset_passback(self, asked: PassbackOrder) -> Obeyed:
        try:
            plate = None if asked.plate is None else normalised(asked.plate)
        except ValueError as wrong:
            return Obeyed(why_not=str(wrong))
        permits = self.policy.permits
        if plate is not None and plate not in permits:
            near = nearest(plate, permits)
            return Obeyed(why_not="no permit has this plate" + (f'; did you mean "{near}"?' if near else ""))
        self.write(lambda tx: neutralise(tx, asked.reason, by=asked.by, plate=plate))
        return Obeyed()
