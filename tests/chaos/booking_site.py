"""The cloud's side of booking on one machine: PostgreSQL, several processes with the API, and what the lots say."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg
from pydantic import SecretStr

from cloud.booking.quota import keep_back
from cloud.clock import SystemClock
from cloud.db import connect, migrate
from cloud.enrolment import enrol_lot, tenant_named
from cloud.ingest.apply import apply_window
from cloud.intents.issue import Order
from cloud.keys import mint_key
from cloud.settings import CloudSettings
from cloud.signing import new_signer
from models.facts import IntentsTaken, QuotaKept
from models.instants import Instant
from models.spots import SpotType
from simulator.demo.parts import Cloud
from simulator.servers import Postgres, Server, free_port
from tests.chaos.booking_oracle import Oracle, Place
from tests.cloud.lots import Lot

TYPE = SpotType.REGULAR
_ENDS_WITHIN = 5.0
_SAYS_EVERY = 0.3
_AWAY = (*connect.UNREACHABLE, asyncpg.PostgresError, asyncpg.InternalClientError, EOFError)
"""Whatever a server that is killed makes of a question: a lot asks again."""


class Api(Cloud):
    """Not waited for: it may be killed while it starts."""

    def _ready(self) -> bool:
        return self.running


@dataclass
class _Speaker:
    """A lot as far as booking goes: it keeps places back, and says by which intents it acts."""

    lot: Lot
    said: int
    """Facts that the cloud has"""
    taken: int


class Site:
    """A context manager: everything runs inside it."""

    def __init__(self, folder: Path, lots: int, places: int, processes: int) -> None:
        self._folder, self._lots, self._places, self._processes = folder, lots, places, processes
        self._open = ExitStack()
        self._speakers: list[_Speaker] = []

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self.postgres = opening.enter_context(Postgres())
            self.settings = CloudSettings(
                database_url=SecretStr(self.postgres.create_database("parkgate")), ingest=False, console=False
            )
            new_signer(self._folder / "signing.key")
            self.header = asyncio.run(self._founded())
            self.apis = [
                opening.enter_context(Api(free_port(), self._folder / f"api-{number}.log", self._environment()))
                for number in range(1, self._processes + 1)
            ]
            self._open = opening.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()

    @property
    def kept(self) -> dict[Place, int]:
        return {(speaker.lot.id, TYPE.value): self._places for speaker in self._speakers}

    @property
    def victims(self) -> Mapping[str, Server]:
        return {"postgres": self.postgres} | {f"api-{number}": one for number, one in enumerate(self.apis, 1)}

    def stop_at_once(self) -> None:
        """PostgreSQL's own way of crashing: its "immediate" shutdown, which flushes nothing."""
        os.kill(self.postgres.pid, signal.SIGQUIT)
        until = time.monotonic() + _ENDS_WITHIN
        while self.postgres.running and time.monotonic() < until:
            time.sleep(0.02)
        self.postgres.kill()

    async def lots_say(self, oracle: Oracle) -> None:
        """Until cancelled: each lot takes what was issued for it, and says so by a fact, as the link would bring it."""
        while True:
            for speaker in self._speakers:
                with suppress(*_AWAY):  # said again
                    await self._says(speaker, oracle)
            await asyncio.sleep(_SAYS_EVERY)

    async def _says(self, speaker: _Speaker, oracle: Oracle) -> None:
        connection = await connect.connection(self.settings, "a lot")
        lot = speaker.lot
        try:
            if speaker.said == len(lot.facts):
                issued = await connection.fetch(
                    "SELECT revision, type, body FROM intents WHERE lot_id = $1 AND revision > $2 ORDER BY revision",
                    *(lot.id, speaker.taken),
                )
                for intent in issued:
                    if intent["type"] == "reservation.cancelled":
                        oracle.ended(str(json.loads(intent["body"])["reservation"]))
                if not issued:
                    return
                speaker.taken = issued[-1]["revision"]
                lot.says(_taken(lot, speaker.taken))
            await apply_window(connection, lot.window(speaker.said + 1), lot.now)
            speaker.said = len(lot.facts)
        finally:
            connection.terminate()  # one whose server was killed can't be closed in good order

    async def _founded(self) -> dict[str, str]:
        """Lots that keep their places back already, and a key."""
        engine, now = connect.engine(self.settings), SystemClock().read().wall
        await migrate.upgrade(engine)
        async with engine.begin() as connection:
            tenant = await tenant_named(connection, "default", now)
            for number in range(self._lots):
                lot = Lot(await enrol_lot(connection, tenant, f"Lot {number}", now))
                order = Order("chaos", "a season", now)
                revision = await keep_back(connection, tenant, lot.id, TYPE, self._places, order)
                lot.says(QuotaKept(spot_type=TYPE, asked=self._places, places=self._places, revision=revision, at=now))
                self._speakers.append(_Speaker(lot, 0, revision))
            key = await mint_key(connection, tenant, "chaos", ["operate"], now)
        await engine.dispose()
        connection = await connect.connection(self.settings, "a lot")
        for speaker in self._speakers:
            await apply_window(connection, speaker.lot.window(), Instant(now))
            speaker.said = len(speaker.lot.facts)
        await connection.close()
        return {"Authorization": f"Bearer {key}"}

    def _environment(self) -> Mapping[str, str]:
        return {
            "PARKGATE_DATABASE_URL": self.settings.database_url.get_secret_value(),
            "PARKGATE_SIGNING_KEY_FILE": str(self._folder / "signing.key"),
            "PARKGATE_INGEST": "false",
            "PARKGATE_CONSOLE": "false",
            "PARKGATE_RETENTION": "false",
            "PARKGATE_MQTT_PORT": str(free_port()),
        }


def _taken(lot: Lot, revision: int) -> IntentsTaken:
    return IntentsTaken(revision=revision, hash="0" * 64, by="deltas", parked=(), withheld=(), at=lot.now)
