"""A lot's card and a cloud that can both be put back to an earlier day: real SQLite, real broker, real PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import asyncpg

from cloud.db import connect, migrate
from cloud.enrolment import enrol_lot, tenant_named
from cloud.settings import CloudSettings
from drivers.broker import BrokerSettings
from edge.faults import FaultBoard
from edge.local import Asked, Obeyed
from edge.parking import entry
from edge.store import Transaction
from edge.store.streams import Standing, standing_of
from edge.sync.keys import TrustedKeys
from edge.sync.link import CloudLink
from models.facts import DaemonStarted, TicketClosed
from models.ids import LotId, TicketId
from models.instants import Instant
from models.money import Minor
from models.plates import Plate
from models.spots import VehicleType
from simulator.books import Difference, cloud_books, differences, lot_books
from simulator.servers import Mosquitto, Postgres
from tests.brokers import USERS
from tests.cloud.conftest import settings_for
from tests.cloud.test_ingest import ingesting
from tests.edge.clouds import HurriedClock, becomes, forget_beacon
from tests.edge.lots import IN, OUT, TARIFF, Lot, a_level, a_lot
from tests.keys import public_file

SPOTS = 50


@dataclass
class World:
    """One lot and its cloud. `board` holds the faults of the link that ran last, `raised` all it has raised."""

    folder: Path
    broker: Mosquitto
    postgres: Postgres
    lot: LotId
    settings: CloudSettings
    databases: list[str]
    board: FaultBoard = field(default_factory=lambda: FaultBoard(lambda decision: None))
    raised: set[str] = field(default_factory=set[str])

    # --- the lot ---

    def card(self, name: str = "card") -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def copy(self, name: str, to: str) -> None:
        """An image of a card that isn't in use."""
        shutil.rmtree(self.folder / to, ignore_errors=True)
        shutil.copytree(self.folder / name, self.folder / to)

    @asynccontextmanager
    async def at_work(self, name: str = "card", *, epoch: int = 1, link: bool = True) -> AsyncIterator[Working]:
        """The lot with this card, started as a daemon starts it, until its power goes."""
        lot = a_lot(self.card(name), (a_level(0, REGULAR=SPOTS),), id=self.lot)
        working = Working(lot)
        lot.decide(lambda tx: tx.record(DaemonStarted(release="0.1.0", at=tx.at.wall)))
        try:
            if link:
                async with self._linked(lot, epoch):
                    yield working
            else:
                yield working
        finally:
            lot.store.close()

    @asynccontextmanager
    async def _linked(self, lot: Lot, epoch: int) -> AsyncIterator[None]:
        self.raised = set()
        self.board = FaultBoard(lambda decision: None, lambda source, code: self.raised.add(code))
        password = self.folder / "password"
        password.write_text(USERS["lot"] + "\n", encoding="ascii")
        login = BrokerSettings(
            host="127.0.0.1", port=self.broker.port, username="lot", password_file=password, keepalive=5
        )
        faults = self.board.reporter("link")
        keys = TrustedKeys(public_file(self.folder), faults)
        link = CloudLink(login, lot.id, "0.1.0", lot.store, tuple, _nobody, keys, HurriedClock(), faults, epoch=epoch)
        task = asyncio.create_task(link.run())
        try:
            yield
            assert not task.done(), "the link never gives up by itself"
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.to_thread(forget_beacon, self.broker, lot.id)

    def faults(self) -> set[str]:
        return {fault.code for fault in self.board.open("link")}

    # --- the cloud ---

    def cloud(self):
        """The cloud at work."""
        return ingesting(self.settings, self.broker)

    def backup(self) -> str:
        """A copy of the database of a cloud that isn't at work."""
        name = f"backup_{uuid4().hex}"
        self.postgres.create_database(name, template=self.databases[-1])
        self.databases.append(name)
        self.databases[-2:] = [name, self.databases[-2]]
        return name

    def restore(self, backup: str) -> None:
        """From now on the cloud works on this copy."""
        name = f"restored_{uuid4().hex}"
        self.settings = settings_for(self.postgres.create_database(name, template=backup))
        self.databases.append(name)

    async def rows(self, sql: str, *args: object) -> list[dict[str, object]]:
        connection = await connect.connection(self.settings, "test")
        try:
            return [dict(row) for row in await connection.fetch(sql, *args)]
        finally:
            await connection.close()

    async def cases(self) -> dict[str, str]:
        found = await self.rows("SELECT kind, detail FROM cases WHERE closed_at IS NULL ORDER BY opened_at")
        return {str(case["kind"]): str(case["detail"]) for case in found}

    async def stays(self) -> dict[str, str]:
        """Status by plate, in the cloud; a plate that is there twice has both."""
        found = await self.rows(
            "SELECT license_plate, string_agg(status, '+' ORDER BY entry_time) AS status FROM tickets"
            " JOIN vehicles ON vehicles.id = vehicle_id AND vehicles.lot_id = tickets.lot_id GROUP BY license_plate"
        )
        return {str(row["license_plate"]): str(row["status"]) for row in found}

    async def differences(self, name: str = "card") -> list[Difference]:
        url = self.settings.database_url.get_secret_value()
        return differences(lot_books(self.card(name) / "lot.sqlite"), await cloud_books(url, self.lot))

    async def connection(self) -> asyncpg.Connection:
        return await connect.connection(self.settings, "test")


@dataclass
class Working:
    """A lot at work: what happens there."""

    lot: Lot

    async def says(self, decide: Callable[[Transaction], object]) -> object:
        return await self.lot.store.write(decide)

    async def enters(self, plate: str) -> TicketId:
        arrival = entry.Arrival(IN, Plate(plate), 0.98, VehicleType.REGULAR)

        def decide(tx: Transaction) -> TicketId:
            admitted = entry.admit(tx, arrival, TARIFF)
            assert isinstance(admitted, entry.Admitted), admitted
            entry.confirm(tx, admitted.ticket, IN)
            return admitted.ticket

        return await self.lot.store.write(decide)

    async def leaves(self, ticket: TicketId, paid: int = 0) -> None:
        money = Minor(paid)
        await self.says(
            lambda tx: tx.record(
                TicketClosed(ticket=ticket, lane=OUT, exited=tx.at.wall, amount_due=money, amount_paid=money)
            )
        )

    def standing(self) -> Standing:
        at = standing_of(self.lot.store._read_connection, "ledger")  # type: ignore[attr-defined]
        assert at is not None
        return at

    async def has_sent_all(self, seconds: float = 30) -> Standing:
        """When the cloud has acknowledged everything, on whatever stream."""

        def sent() -> bool:
            row = self.lot.rows("SELECT seq, acked FROM streams")[0]
            return row[0] == row[1]

        await becomes(sent, seconds)
        await asyncio.sleep(0.3)  # a question may be under way, and what it is answered may change that
        await becomes(sent, seconds)
        return self.standing()

    def first_facts(self) -> list[str]:
        rows = self.lot.rows(
            "SELECT type FROM journal WHERE stream_id IN (SELECT stream_id FROM streams) ORDER BY seq LIMIT 3"
        )
        return [str(row[0]) for row in rows]


async def _nobody(asked: Asked, order_id: str) -> Obeyed:
    raise AssertionError("nothing was ordered")


async def a_world(folder: Path, broker: Mosquitto, postgres: Postgres, template: str) -> World:
    name = f"cloud_{uuid4().hex}"
    settings = settings_for(postgres.create_database(name, template=template))
    engine = connect.engine(settings)
    async with engine.begin() as connection:
        at = Instant(1)
        lot = await enrol_lot(connection, await tenant_named(connection, "default", at), "North", at)
    await engine.dispose()
    return World(folder, broker, postgres, lot, settings, [name])


async def a_template(postgres: Postgres) -> str:
    """A migrated database that worlds are copied from."""
    name = f"template_{uuid4().hex}"
    engine = connect.engine(settings_for(postgres.create_database(name)))
    await migrate.upgrade(engine)
    await engine.dispose()
    return name
