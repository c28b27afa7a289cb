"""The daemon's desk for people: orders about tickets and valet vehicles, put on record, and the lane that goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from secrets import token_hex

from edge.config.ticket_settings import ValetSettings
from edge.lane.controller import LaneController
from edge.lane.signals import Code, Phase
from edge.local import Obeyed
from edge.parking.attending import Done, Refused, carry_out
from edge.standing import is_still, named, with_plate
from edge.store import Store, StoreUnavailable
from edge.ticket_orders import LoseTicket, Order, ThisOne, ValetOrder, VehicleThere, WhoIsThere
from models.ids import LaneName
from models.plates import SeenPlate
from models.tariff import Tariff


class Attended:
    """`tariff` is what holds for a stay that begins now."""

    def __init__(
        self,
        store: Store,
        tariff: Callable[[], Tariff],
        valet: ValetSettings | None,
        lanes: Mapping[LaneName, LaneController],
        picture: Callable[[LaneName], str | None] = lambda lane: None,
    ) -> None:
        """`picture`: the hash under which that of the vehicle lies which stands there."""
        self._store, self._tariff, self._valet, self._lanes = store, tariff, valet, lanes
        self._picture = picture
        self._run = token_hex(8)

    async def carry_out(self, order: Order | WhoIsThere) -> Obeyed:
        """On record when it is answered, or nothing was done."""
        if isinstance(order, WhoIsThere):
            return self._who_is_there(order)
        why_not = self._why_not(order)
        if why_not:
            return Obeyed(why_not=why_not)
        ends_stay = self._valet is None or self._valet.stay_ends == "hand-back"
        try:
            done: Done = await self._store.write(
                lambda tx: carry_out(tx, order, self._tariff, ends_stay=ends_stay, picture=self._picture),
                spare_reserve=True,
            )
        except Refused as wrong:
            return Obeyed(why_not=str(wrong))
        except StoreUnavailable as wrong:
            return Obeyed(why_not=f"the lot's store couldn't record it: {wrong}")
        # Whoever came while it was put on record has nothing to do with it.
        gone = self._not_there(order) if isinstance(order, ThisOne) else ""
        if gone:
            return Obeyed(why_not=f"it is on record, but the lane doesn't go on with it: {gone}")
        return Obeyed(said=done.said + self._goes_on(order, done))

    def _why_not(self, order: Order) -> str:
        if isinstance(order, ValetOrder) and self._valet is None:
            return "this lot has no attendants: its file has no section `valet`"
        if isinstance(order, LoseTicket) and order.lane is not None and order.lane not in self._lanes:
            return self._no_such(order.lane)
        if isinstance(order, ThisOne):
            return self._no_such(order.at) if order.at not in self._lanes else self._not_there(order)
        return ""

    def _no_such(self, lane: str) -> str:
        return f"there is no lane {lane!r}; there are {', '.join(self._lanes)}"

    def _nobody_waits_at(self, name: str) -> str:
        """Why the lane can't go on with a ticket now; empty: a vehicle stands there and waits to get out."""
        lane = self._lanes[LaneName(name)].lane
        if not lane.is_exit:
            return f"{name} lets in, and nobody out"
        if lane.present is not True or lane.phase not in (Phase.READING, Phase.REFUSED):
            return f"no vehicle waits at {name} now (it is {lane.phase})"
        return ""

    def _not_there(self, order: ThisOne) -> str:
        """Why the lane can't go on with that ticket now; empty: the very vehicle waits there that the person saw."""
        nobody = self._nobody_waits_at(order.at)
        if nobody or is_still(order.vehicle, self._named(LaneName(order.at))):
            return nobody
        return f"another vehicle stands at {order.at} now, or it was read otherwise: look again with `tickets at`"

    def _named(self, lane: LaneName) -> str:
        return named(self._lanes[lane].lane, lane, self._picture(lane), self._run)

    def _who_is_there(self, asked: WhoIsThere) -> Obeyed:
        controller = self._lanes.get(LaneName(asked.who_is_at))
        if controller is None:
            return Obeyed(why_not=self._no_such(asked.who_is_at))
        lane = controller.lane
        seen = None if lane.read is None else lane.read.seen or SeenPlate(lane.read.plate)
        there = VehicleThere(
            lane=controller.name,
            phase=lane.phase,
            vehicle=self._named(controller.name),
            exit=lane.is_exit,
            present=lane.present,
            plate=None if seen is None else seen.plate,
            confidences=() if seen is None else seen.confidences,
            others=() if seen is None else tuple((other.plate, other.share) for other in seen.others),
            denied=tuple(sorted(lane.denied)),
            picture=self._picture(controller.name),
        )
        return Obeyed(there=there)

    def _goes_on(self, order: Order, done: Done) -> str:
        """The lane at which the vehicle stands takes the stay's code as if its driver had shown it."""
        if isinstance(order, ThisOne) and done.code is not None:
            lane = self._lanes[LaneName(order.at)]
            plate_seen = with_plate(order.vehicle, lane.lane.plate, self._run)
            lane.hear(Code(done.code, by_person=True, plate_seen=plate_seen))
            return f"; {order.at} goes on with it"
        if not isinstance(order, LoseTicket) or order.lane is None or done.code is None:
            return ""
        self._lanes[LaneName(order.lane)].present_code(done.code)
        return f"; {order.lane} goes on with it"
