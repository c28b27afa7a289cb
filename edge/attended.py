"""The daemon's desk for people: orders about tickets and valet vehicles, put on record, and the lane that goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edge.config.ticket_settings import ValetSettings
from edge.lane.controller import LaneController
from edge.local import Obeyed
from edge.parking.attending import Done, Refused, carry_out
from edge.store import Store, StoreUnavailable
from edge.ticket_orders import LoseTicket, Order, ValetOrder
from models.ids import LaneName
from models.tariff import Tariff


class Attended:
    """`tariff` is what holds for a stay that begins now."""

    def __init__(
        self,
        store: Store,
        tariff: Callable[[], Tariff],
        valet: ValetSettings | None,
        lanes: Mapping[LaneName, LaneController],
    ) -> None:
        self._store, self._tariff, self._valet, self._lanes = store, tariff, valet, lanes

    async def carry_out(self, order: Order) -> Obeyed:
        """On record when it is answered, or nothing was done."""
        why_not = self._why_not(order)
        if why_not:
            return Obeyed(why_not=why_not)
        ends_stay = self._valet is None or self._valet.stay_ends == "hand-back"
        try:
            done: Done = await self._store.write(
                lambda tx: carry_out(tx, order, self._tariff, ends_stay=ends_stay), spare_reserve=True
            )
        except Refused as wrong:
            return Obeyed(why_not=str(wrong))
        except StoreUnavailable as wrong:
            return Obeyed(why_not=f"the lot's store couldn't record it: {wrong}")
        return Obeyed(said=done.said + self._goes_on(order, done))

    def _why_not(self, order: Order) -> str:
        if isinstance(order, ValetOrder) and self._valet is None:
            return "this lot has no attendants: its file has no section `valet`"
        if isinstance(order, LoseTicket) and order.lane is not None and order.lane not in self._lanes:
            return f"there is no lane {order.lane!r}; there are {', '.join(self._lanes)}"
        return ""

    def _goes_on(self, order: Order, done: Done) -> str:
        """The lane at which the vehicle stands takes the stay's code as if its driver had shown it."""
        if not isinstance(order, LoseTicket) or order.lane is None or done.code is None:
            return ""
        self._lanes[LaneName(order.lane)].present_code(done.code)
        return f"; {order.lane} goes on with it"
