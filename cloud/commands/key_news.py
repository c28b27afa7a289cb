"""Tells the lots how the cloud's keys change: whoever comes back is told all that it missed, in order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from cloud.db.connect import UNREACHABLE, plainly
from cloud.db.schema import lot_keys, parking_lots
from cloud.defects import kept_apart
from cloud.metrics import Metrics
from cloud.queries import is_id
from cloud.signing import KeyChain, NoSigningKey, chain_beside
from models.ids import LotId
from models.instants import Clock
from models.wire import topics
from models.wire.envelopes import Malformed, unpack
from models.wire.keys import KeysHeld, still_to_tell

log = structlog.get_logger(__name__)

KEYS = "keys"
LISTENS_TO = (topics.down_ack("+", KEYS),)
LOOKS_EVERY_SECONDS = 10.0


class KeyNews:
    """Answers each lot's word on the keys that it goes by; a new change is told to every lot at once."""

    def __init__(
        self,
        key_file: Path,
        publish: Callable[[str, bytes], bool],
        engine: AsyncEngine,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._key_file, self._publish, self._engine, self._clock = key_file, publish, engine, clock
        self._metrics = metrics
        self._held: dict[LotId, KeysHeld] = {}

    def heard(self, lot: LotId, topic: str, payload: bytes) -> None:
        try:
            held = unpack(KeysHeld, payload)
        except Malformed:
            log.warning("keys.malformed", lot=lot)
            return
        if held.lot != lot or not is_id(lot):
            return
        self._held[lot] = held
        self._tell(held, self._chain())

    async def run(self) -> None:
        """Until cancelled."""
        told = len(self._chain().messages)
        while True:
            await self._clock.sleep(LOOKS_EVERY_SECONDS)
            try:
                # The line of all lots' commands runs beside this, and would end with it.
                with kept_apart("keys.failed", self._metrics.failed, but=UNREACHABLE), plainly():
                    chain = self._chain()
                    await self._note_who_holds_what()
                    if len(chain.messages) > told:
                        await self._tell_all(chain, told)
                        told = len(chain.messages)
            except UNREACHABLE as away:
                log.warning("keys.database_away", error=type(away).__name__)

    def _tell(self, held: KeysHeld, chain: KeyChain) -> None:
        missing = still_to_tell(chain.messages, held)
        if missing is None:
            log.warning("keys.lot_must_be_enrolled_anew", lot=held.lot, newest=held.newest, serial=held.serial)
            return
        for message in missing:
            self._publish(topics.down(held.lot, KEYS), message)

    async def _tell_all(self, chain: KeyChain, told: int) -> None:
        async with self._engine.connect() as connection:
            lots = (await connection.execute(select(parking_lots.c.id))).scalars().all()
        for lot in lots:
            for message in chain.messages[told:]:
                self._publish(topics.down(lot, KEYS), message)
        log.info("keys.told", lots=len(lots), serial=chain.trust.serial)

    async def _note_who_holds_what(self) -> None:
        held, self._held = self._held, {}
        for one in held.values():
            with kept_apart("keys.failed", self._metrics.failed, but=UNREACHABLE, lot=one.lot), plainly():
                async with self._engine.begin() as connection:
                    await self._note(connection, one)

    async def _note(self, connection: AsyncConnection, one: KeysHeld) -> None:
        tenant = await connection.scalar(select(parking_lots.c.tenant_id).where(parking_lots.c.id == one.lot))
        if tenant is not None:
            now = {"serial": one.serial, "newest": one.newest, "told_at": self._clock.read().wall}
            row = insert(lot_keys).values(tenant_id=tenant, lot_id=one.lot, **now)
            await connection.execute(row.on_conflict_do_update(index_elements=["lot_id"], set_=now))

    def _chain(self) -> KeyChain:
        try:
            self._last = chain_beside(self._key_file)
        except NoSigningKey as wrong:
            log.error("keys.unreadable", why=str(wrong))
            if not hasattr(self, "_last"):
                raise
        return self._last
