"""Shows the lot's present state to the cloud: ahead of any backlog, and at once when the lot says goodbye."""

from __future__ import annotations

from collections.abc import Callable

from edge.parking.places.spots import availability
from edge.store import Store, StoreUnavailable, journal
from edge.sync import beacon as beacons
from edge.sync.connection import Connection
from models.ids import LotId
from models.instants import SECOND, Clock
from models.wire import topics
from models.wire.envelopes import Beacon, LaneNow, pack

_SECONDS = 1.0
_AT_LEAST_EVERY = 15 * SECOND


class Presence:
    """The beacon: at most once a second, when something changed or it has been quiet for long."""

    topics: tuple[str, ...] = ()

    def __init__(
        self,
        lot: LotId,
        release: str,
        store: Store,
        lanes: Callable[[], tuple[LaneNow, ...]],
        connection: Connection,
        clock: Clock,
    ) -> None:
        self._lot, self._release, self._store, self._lanes = lot, release, store, lanes
        self._connection, self._clock = connection, clock
        self._shown_at = -_AT_LEAST_EVERY

    async def run(self) -> None:
        shown: Beacon | None = None
        while True:
            await self._clock.sleep(_SECONDS)
            if not self._connection.connected:
                continue
            try:
                now = await self._beacon()
            except StoreUnavailable:
                continue
            old = self._clock.monotonic() - self._shown_at >= _AT_LEAST_EVERY
            if (old or shown is None or now.model_copy(update={"at": shown.at}) != shown) and self._publish(now):
                shown, self._shown_at = now, self._clock.monotonic()

    def connected(self) -> None:
        self._shown_at = -_AT_LEAST_EVERY

    def taken(self) -> None: ...

    def heard(self, topic: str, payload: bytes) -> None: ...

    def goodbye(self) -> None:
        """An orderly stop shows at once, not after the broker's patience."""
        self._publish(beacons.will(self._lot))

    async def _beacon(self) -> Beacon:
        free, head = await self._store.read(
            lambda connection: (availability(connection), journal.head_of(connection, "ledger"))
        )
        return beacons.beacon(self._lot, self._release, self._clock.read(), free, self._lanes(), head)

    def _publish(self, beacon: Beacon) -> bool:
        return self._connection.publish(topics.state(self._lot), pack(beacon), qos=0, retain=True)
