"""The link to the cloud: one connection, and the parts that share it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping

import structlog

from drivers.broker import BrokerSettings
from drivers.contract import FaultReporter
from edge.kept_up import kept_up
from edge.store import Store
from edge.sync import beacon as beacons
from edge.sync.commanding.commands import Commands, Obey
from edge.sync.connection import Connection
from edge.sync.downlink import Downlink
from edge.sync.faults import COMMANDS_REFUSED, NOT_BELIEVED
from edge.sync.key_changes import KeyChanges
from edge.sync.keys import TrustedKeys
from edge.sync.part import LinkPart
from edge.sync.presence import Presence
from edge.sync.quiet import EndedByQuiet
from edge.sync.restoring import Restoring, SetLanes, no_lanes
from edge.sync.snapshots import Snapshots
from edge.sync.uplink import Uplink
from models.ids import LotId
from models.instants import SECOND, Clock
from models.wire import topics
from models.wire.envelopes import LaneNow, pack

_LOG = structlog.get_logger("edge.sync")
_LOGIN_AGAIN_SECONDS = 30.0


async def nothing_to_reload() -> None:
    """For a link whose lot has no policy in memory."""


class CloudLink:
    """One lot's side of what goes on between it and the cloud. Without a broker it waits; the lot doesn't notice."""

    def __init__(
        self,
        broker: BrokerSettings,
        lot: LotId,
        release: str,
        store: Store,
        lanes: Callable[[], tuple[LaneNow, ...]],
        obey: Obey,
        keys: TrustedKeys,
        clock: Clock,
        faults: FaultReporter,
        policy_changed: Callable[[], Awaitable[None]] = nothing_to_reload,
        epoch: int = 1,
        set_lanes: SetLanes = no_lanes,
    ) -> None:
        """`policy_changed` is awaited whenever the cloud has changed what stands of permits and tariffs."""
        self._clock, self._keys = clock, keys
        self._quiet = faults = EndedByQuiet(faults, clock, (NOT_BELIEVED, COMMANDS_REFUSED))
        self._connection = Connection(
            broker,
            f"parkgate-{lot}",
            (topics.state(lot), pack(beacons.will(lot))),
            self._connected,
            self._message,
            self._retained,
            self._taken,
            faults,
            clock,
        )
        self._presence = Presence(lot, release, store, lanes, self._connection, clock)
        self._ledger = Uplink("ledger", lot, store, self._connection, lambda: keys.keyring, clock, faults, epoch)
        self._telemetry = Uplink("telemetry", lot, store, self._connection, lambda: keys.keyring, clock, faults, epoch)
        self._commands = Commands(
            lot, store, lanes, obey, self._connection, lambda: keys.keyring, os.urandom, clock, faults
        )
        self._key_changes = KeyChanges(lot, store, self._connection, keys, clock, faults)
        self.downlink = Downlink(
            lot, release, store, self._connection, lambda: keys.keyring, clock, faults, policy_changed
        )
        self._snapshots = Snapshots(lot, store.path, self._connection, keys, clock, faults)
        restoring = Restoring(lot, store, self._connection, keys, clock, faults, set_lanes)
        self._parts: Mapping[str, LinkPart] = {
            "ledger": self._ledger,
            "telemetry": self._telemetry,
            "downlink": self.downlink,
            "presence": self._presence,
            "commands": self._commands,
            "key_changes": self._key_changes,
            "snapshots": self._snapshots,
            "restoring": restoring,
        }
        self._by_topic = {topic: part for part in self._parts.values() for topic in part.topics}

    @property
    def connected(self) -> bool:
        return self._connection.connected

    @property
    def refused_commands(self) -> dict[str, int]:
        """How many weren't taken since the start, by reason."""
        return self._commands.refused

    @property
    def acknowledged(self) -> dict[str, int]:
        """Seconds since the cloud last said how far it has each stream, for those of which it has."""
        found = {"ledger": self._ledger.heard_at, "telemetry": self._telemetry.heard_at}
        now = self._clock.monotonic()
        return {stream: (now - at) // SECOND for stream, at in found.items() if at is not None}

    @property
    def resyncs(self) -> int:
        """How often the cloud has asked for the lot's state since the start."""
        return self._snapshots.answered

    async def run(self) -> None:
        """Until cancelled. A defect in one part costs that part a pause, and the others nothing."""
        self._keys.reload()
        await self._key_changes.recall()
        await self._start()
        try:
            async with asyncio.TaskGroup() as running:
                running.create_task(kept_up("link.quiet", self._quiet.run, self._clock))
                for name, part in self._parts.items():
                    running.create_task(kept_up(f"link.{name}", part.run, self._clock))
        finally:
            self._presence.goodbye()
            await self._connection.stop()

    async def _start(self) -> None:
        while True:
            try:
                return self._connection.start(list(self._by_topic))
            except OSError as wrong:
                _LOG.error("link.no_login", why=str(wrong))
                await self._clock.sleep(_LOGIN_AGAIN_SECONDS)

    def _connected(self) -> None:
        self._keys.reload()
        for part in self._parts.values():
            part.connected()

    def _taken(self) -> None:
        for part in self._parts.values():
            part.taken()

    def _message(self, topic: str, payload: bytes) -> None:
        part = self._by_topic.get(topic)
        if part is not None:
            part.heard(topic, payload)

    def _retained(self, topic: str, payload: bytes) -> None:
        """Nothing that the broker had kept is believed; a command among it is put on record."""
        if topic in self._commands.topics:
            self._commands.heard_retained(topic, payload)
