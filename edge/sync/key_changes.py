"""Follows the cloud's change of keys: each is believed when the newest key that the lot knew has signed it."""

from __future__ import annotations

import asyncio
import json
import sqlite3

import structlog

from drivers.contract import FaultReporter
from edge.store import Store, StoreUnavailable, Transaction
from edge.sync.connection import Connection
from edge.sync.faults import KEYS_NOT_FOLLOWED
from edge.sync.keys import Learnt, TrustedKeys
from models.facts import CloudKeysLearnt
from models.ids import LotId
from models.instants import Clock
from models.wire import topics
from models.wire.envelopes import Malformed, pack
from models.wire.keys import KeysHeld, Stale, Trust, changed
from models.wire.seals import Forged, key_id

_LOG = structlog.get_logger("edge.sync")
KEYS = "keys"
_RETRY_SECONDS = 2.0
_MOST_WAITING = 64


class KeyChanges:
    """What was learnt goes over the file of the enrolment, until that file is another one."""

    def __init__(
        self,
        lot: LotId,
        store: Store,
        connection: Connection,
        keys: TrustedKeys,
        clock: Clock,
        faults: FaultReporter,
    ) -> None:
        self._lot, self._store, self._connection, self._keys = lot, store, connection, keys
        self._clock, self._faults = clock, faults
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)

    @property
    def topics(self) -> list[str]:
        return [topics.down(self._lot, KEYS)]

    async def recall(self) -> None:
        """What was learnt before; to be done before anything is heard, or a retired key would be believed again."""
        while True:
            try:
                self._keys.adopt(await self._store.read(learnt_before))
                return
            except StoreUnavailable as wrong:
                _LOG.error("keys.store_unavailable", why=str(wrong))
                await self._clock.sleep(_RETRY_SECONDS)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            payload = await self._waiting.get()
            try:
                await self._hear(payload)
            except StoreUnavailable as wrong:
                # Nothing has changed; the cloud tells it again when it hears which keys the lot goes by.
                _LOG.error("keys.not_learnt_yet", why=str(wrong))
                await self._clock.sleep(_RETRY_SECONDS)
                self._say()

    def connected(self) -> None:
        self._say()

    def taken(self) -> None: ...

    def heard(self, topic: str, payload: bytes) -> None:
        if not self._waiting.full():
            self._waiting.put_nowait(payload)

    async def _hear(self, payload: bytes) -> None:
        trust, file = self._keys.trust, self._keys.file
        if trust is None or file is None:
            return
        try:
            now = changed(trust, payload)
        except Stale:
            return
        except Forged as wrong:
            self._faults.raised(KEYS_NOT_FOLLOWED, f"a change of keys is {wrong}")
            _LOG.warning("keys.not_believed", why=str(wrong))
            return
        except Malformed as wrong:
            _LOG.warning("keys.malformed", why=str(wrong))
            return
        learnt = Learnt(now, file)
        await self._store.write(lambda tx: learn(tx, learnt, trust))
        self._keys.adopt(learnt)
        self._faults.cleared(KEYS_NOT_FOLLOWED)
        _LOG.info("keys.learnt", serial=now.serial, keys=now.ids)
        self._say()

    def _say(self) -> None:
        trust = self._keys.trust
        if trust is not None:
            held = KeysHeld(lot=self._lot, serial=trust.serial, newest=key_id(trust.newest))
            self._connection.publish(topics.down_ack(self._lot, KEYS), pack(held), qos=0)


def learnt_before(connection: sqlite3.Connection) -> Learnt | None:
    row = connection.execute("SELECT serial, keys, file FROM cloud_keys").fetchone()
    return None if row is None else Learnt(Trust(row["serial"], tuple(json.loads(row["keys"]))), row["file"])


def learn(tx: Transaction, learnt: Learnt, before: Trust) -> None:
    trust = learnt.trust
    tx.connection.execute(
        "INSERT INTO cloud_keys (one, serial, keys, file) VALUES (1, ?, ?, ?)"
        " ON CONFLICT (one) DO UPDATE SET serial = excluded.serial, keys = excluded.keys, file = excluded.file",
        (trust.serial, json.dumps(trust.keys), learnt.file),
    )
    forgotten = tuple(id for id in before.ids if id not in trust.ids)
    tx.record(CloudKeysLearnt(serial=trust.serial, keys=trust.ids, forgotten=forgotten, at=tx.at.wall))
