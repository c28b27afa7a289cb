"""Booking over HTTP: a client that asks again has what it has, and errors say what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.api.app import create_app
from cloud.booking.quota import keep_back
from cloud.enrolment import tenant_named
from cloud.ingest.apply import apply_window
from cloud.intents.issue import Order
from cloud.keys import mint_key
from cloud.settings import CloudSettings
from cloud.signing import new_signer
from models.facts import QuotaKept
from models.instants import HOUR, Instant, to_rfc3339
from models.reservations.codes import read_code
from models.spots import SpotType
from models.wire.seals import Keyring
from tests.cloud.conftest import settings_for
from tests.cloud.lots import Lot


@dataclass
class Desk:
    """A client of one lot's reservations, and the time at its cloud."""

    http: httpx.AsyncClient
    url: str
    now: Instant
    keys: dict[str, dict[str, str]]

    async def book(self, begins: float, ends: float, key: str | None = None, **more: Any) -> httpx.Response:
        asked = {"spot_type": "REGULAR", "start": self.at(begins), "end": self.at(ends), **more}
        headers = {**self.keys["operate"], "Idempotency-Key": key or uuid4().hex}
        return await self.http.post(self.url, json=asked, headers=headers)

    async def get(self, path: str = "", scope: str = "read", **query: Any) -> httpx.Response:
        return await self.http.get(f"{self.url}{path}", params=query, headers=self.keys[scope])

    async def cancel(self, id: str) -> httpx.Response:
        return await self.http.delete(f"{self.url}/{id}", headers=self.keys["operate"])

    def at(self, hours: float) -> str:
        return to_rfc3339(Instant((self.now // HOUR + 1) * HOUR + round(hours * HOUR)))


@pytest.fixture
async def desk(
    settings: CloudSettings, engine: AsyncEngine, database: asyncpg.Connection, lot: Lot, tmp_path: Path
) -> AsyncIterator[Desk]:
    """Of a lot that keeps two places back."""
    signer = new_signer(tmp_path / "signing.key")
    url = settings.database_url.get_secret_value()
    app = create_app(settings_for(url, signing_key_file=tmp_path / "signing.key"))
    now = app.state.cloud.clock.read().wall
    async with engine.begin() as connection:
        tenant = await tenant_named(connection, "default", now)
        revision = await keep_back(connection, tenant, lot.id, SpotType.REGULAR, 2, Order("ann", "season", now))
        keys = {
            scope: {"Authorization": f"Bearer {await mint_key(connection, tenant, scope, [scope, *more], now)}"}
            for scope, more in {"operate": (), "read": (), "plates": ("read",)}.items()
        }
    lot.says(QuotaKept(spot_type=SpotType.REGULAR, asked=2, places=2, revision=revision, at=now))
    await apply_window(database, lot.window(), now)
    app.state.signer = signer
    async with app.router.lifespan_context(app), _client(app) as client:
        while not app.state.cloud.bookings.ready:
            await asyncio.sleep(0.01)
        yield Desk(client, f"/v1/lots/{lot.id}/reservations", now, keys)


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://cloud")


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_place_is_booked_and_its_code_says_what_it_was_sold_as(desk: Desk, tmp_path: Path) -> None:
    answer = await desk.book(1, 3, plate="ab 12 cde")
    booked = answer.json()
    assert (answer.status_code, booked["status"], booked["plate"]) == (201, "BOOKED", "AB•••••")
    signer = desk.http._transport.app.state.signer  # pyright: ignore[reportAttributeAccessIssue]
    said = read_code(booked["code"], Keyring.of([signer.public_text]))
    assert (said.reservation, said.spot_type, to_rfc3339(said.start)) == (booked["id"], "REGULAR", booked["start"])
    shown = await desk.get(f"/{booked['id']}/code", "operate")
    assert (shown.text, shown.headers["cache-control"]) == (booked["code"], "no-store")
    assert (await desk.get(f"/{booked['id']}/code", "operate", format="svg")).text.startswith("<?xml")
    assert (await desk.get(f"/{booked['id']}/code", "operate", format="png")).content.startswith(b"\x89PNG")
    assert code(await desk.get(f"/{booked['id']}/code")) == (403, "scope_missing")


async def test_a_client_without_an_answer_asks_again_and_has_the_same(desk: Desk) -> None:
    first, again = await desk.book(1, 3, "order-0001"), await desk.book(1, 3, "order-0001")
    assert (first.status_code, again.status_code) == (201, 200)
    assert {**first.json(), "at_the_lot": None} == {**again.json(), "at_the_lot": None}
    assert code(await desk.book(1, 4, "order-0001")) == (409, "idempotency_key_reused")
    listed = (await desk.get()).json()["reservations"]
    assert [each["id"] for each in listed] == [first.json()["id"]]


async def test_the_last_place_is_sold_once_and_what_is_left_is_told(desk: Desk) -> None:
    for _ in range(2):
        assert (await desk.book(1, 3)).status_code == 201
    assert code(await desk.book(2, 4)) == (409, "sold_out")
    left = await desk.get("/availability", type="REGULAR", start=desk.at(2), end=desk.at(4))
    assert (left.json()["available"], left.json()["for_sale"]) == (0, 2)
    later = await desk.get("/availability", type="REGULAR", start=desk.at(3), end=desk.at(4))
    assert later.json()["available"] == 2


async def test_what_cant_be_booked_says_why(desk: Desk) -> None:
    assert code(await desk.book(-30, 1)) == (422, "in_the_past")
    assert code(await desk.book(2, 1)) == (422, "too_short")
    assert code(await desk.book(1, 24 * 40)) == (422, "too_long")
    assert code(await desk.book(1, 2, spot_type="EV")) == (409, "no_quota")
    assert code(await desk.book(1, 2, plate="!")) == (422, "plate_invalid")
    assert code(await desk.book(1, 2, start="2027-01-01T00:00:00")) == (422, "invalid")
    keyless = await desk.http.post(desk.url, json={}, headers=desk.keys["operate"])
    assert code(keyless) == (422, "invalid")
    assert "header.Idempotency-Key" in keyless.text
    elsewhere = Desk(desk.http, f"/v1/lots/{uuid4()}/reservations", desk.now, desk.keys)
    assert code(await elsewhere.book(1, 2)) == (404, "lot_not_found")
    assert code(await elsewhere.get()) == (404, "lot_not_found")
    assert code(await desk.http.post(desk.url, json={}, headers=desk.keys["read"])) == (403, "scope_missing")


async def test_a_reservation_is_cancelled_once_and_for_all(desk: Desk) -> None:
    booked = (await desk.book(1, 3)).json()
    for _ in range(2):
        answer = await desk.cancel(booked["id"])
        assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    assert code(await desk.get(f"/{booked['id']}/code", "operate")) == (409, "not_booked")
    assert (await desk.get(f"/{booked['id']}")).json()["cancelled_at"] is not None
    assert code(await desk.cancel(str(uuid4()))) == (404, "reservation_not_found")
    assert code(await desk.get("/nonsense")) == (404, "reservation_not_found")


async def test_a_hold_has_its_code_when_it_is_confirmed(desk: Desk) -> None:
    held = (await desk.book(1, 3, hold_seconds=600)).json()
    assert (held["status"], held["code"]) == ("HELD", None)
    for _ in range(2):
        answer = await desk.http.post(f"{desk.url}/{held['id']}/confirm", headers=desk.keys["operate"])
        assert (answer.json()["status"], answer.json()["code"][:4]) == ("BOOKED", "PR1:")


async def test_reservations_are_listed_by_their_beginning_a_page_at_a_time(desk: Desk) -> None:
    for begins in (5, 1, 3):
        await desk.book(begins, begins + 1, plate="AB12CDE")
    page = (await desk.get(limit=2)).json()
    rest = (await desk.get(limit=2, cursor=page["next"])).json()
    starts = [each["start"] for each in (*page["reservations"], *rest["reservations"])]
    assert (starts, rest["next"]) == (sorted(starts), None)
    assert len(starts) == 3
    [clear, *_] = (await desk.get("", "plates", plate="ab12 cde")).json()["reservations"]
    assert clear["plate"] == "AB12CDE"
    assert code(await desk.get(plate="AB12CDE")) == (403, "scope_missing")
    assert code(await desk.get(cursor="nonsense")) == (422, "cursor_invalid")
    assert len((await desk.get(begins_from=desk.at(2), begins_before=desk.at(5))).json()["reservations"]) == 1


async def test_the_lot_is_told_soon_after(desk: Desk, database: asyncpg.Connection) -> None:
    booked = (await desk.book(1, 3)).json()
    await desk.cancel(booked["id"])
    told = "SELECT type FROM intents WHERE subject = $1 ORDER BY revision"
    async with asyncio.timeout(5):
        while len(rows := await database.fetch(told, f"reservation:{booked['id']}")) < 2:
            await asyncio.sleep(0.02)
    assert [row["type"] for row in rows] == ["reservation.made", "reservation.cancelled"]
