"""The HTTP API over a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.api.app import create_app
from cloud.enrolment import enrol_lot, tenant_named
from cloud.ingest.apply import apply_window
from cloud.ingest.cases import Case, open_case
from cloud.ingest.news import notify
from cloud.keys import mint_key, revoke_key
from cloud.service import Cloud
from cloud.settings import CloudSettings
from models.facts import FeeBounded, FeeCorrected, StayDated
from models.ids import LotId
from models.instants import HOUR, Instant, to_rfc3339
from models.money import Minor
from simulator.servers import free_port
from tests.cloud.conftest import settings_for
from tests.cloud.lots import NOON, OUT, Lot, an_id

Client = httpx.AsyncClient
KeyMaker = Callable[..., Awaitable[dict[str, str]]]


@pytest.fixture
async def app(settings: CloudSettings) -> AsyncIterator[FastAPI]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[Client]:
    async with Client(transport=httpx.ASGITransport(app), base_url="http://cloud") as client:
        yield client


@pytest.fixture
def key(app: FastAPI) -> KeyMaker:
    """Makes a key for an operator and gives the header that shows it."""

    async def make(*scopes: str, operator: str = "default") -> dict[str, str]:
        cloud: Cloud = app.state.cloud
        async with cloud.engine.begin() as connection:
            tenant = await tenant_named(connection, operator, NOON)
            text = await mint_key(connection, tenant, "test", scopes or ("read",), NOON)
        return {"Authorization": f"Bearer {text}"}

    return make


@pytest.fixture
async def busy(database: asyncpg.Connection, lot: Lot) -> Lot:
    """A lot of eight spots with two cars inside and one that has left."""
    lot.lets_in("AB12CDE", lot.spots[0])
    lot.lets_in("FG34HIJ", lot.spots[5])
    lot.lets_out(lot.lets_in("KL56MNO", lot.spots[1]), 250)
    await apply_window(database, lot.window(), NOON)
    return lot


def code(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()["error"]
    assert set(body) >= {"code", "message", "hint"}
    return answer.status_code, body["code"]


async def test_availability_has_the_agreed_shape(client: Client, key: KeyMaker, busy: Lot) -> None:
    answer = await client.get(f"/v1/lots/{busy.id}/availability", headers=await key())
    assert answer.json() == {
        "total": 8,
        "available": 6,
        "by_level": {"0": {"total": 4, "available": 3}, "1": {"total": 4, "available": 3}},
        "by_type": {"COMPACT": {"total": 4, "available": 3}, "REGULAR": {"total": 4, "available": 3}},
    }


async def test_spots_under_maintenance_count_but_arent_available_and_removed_ones_dont_count(
    client: Client, key: KeyMaker, busy: Lot, database: asyncpg.Connection
) -> None:
    await database.execute("UPDATE spots SET status = 'MAINTENANCE' WHERE id = $1", busy.spots[2])
    await database.execute("UPDATE spots SET removed = true WHERE id = $1", busy.spots[3])
    answer = (await client.get(f"/v1/lots/{busy.id}/availability", headers=await key())).json()
    assert (answer["total"], answer["available"]) == (7, 4)


async def test_a_lot_that_only_counts_takes_its_open_tickets_off_its_total(
    client: Client, key: KeyMaker, database: asyncpg.Connection, lot: Lot
) -> None:
    await database.execute("UPDATE parking_lots SET total_spots = 50 WHERE id = $1", lot.id)
    bare = Lot(lot.id)
    bare.lets_in("AB12CDE")
    await apply_window(database, bare.window(), NOON)
    answer = (await client.get(f"/v1/lots/{lot.id}/availability", headers=await key())).json()
    assert answer == {"total": 50, "available": 49, "by_level": {}, "by_type": {}}


async def test_lots_say_how_full_and_how_fresh_they_are(client: Client, key: KeyMaker, busy: Lot) -> None:
    [lot] = (await client.get("/v1/lots", headers=await key())).json()["lots"]
    assert (lot["id"], lot["name"], lot["total"], lot["available"]) == (busy.id, "North", 8, 6)
    assert lot["location"] == {"lat": 52.5, "lng": 13.4}
    assert lot["applied_seq"] == len(busy.facts)
    assert lot["online"] is False
    assert lot["last_contact"].endswith("Z")


async def test_plates_are_masked_without_the_right(client: Client, key: KeyMaker, busy: Lot) -> None:
    url = f"/v1/lots/{busy.id}"
    plain = await client.get(url, headers=await key("read"))
    clear = await client.get(url, headers=await key("read", "plates"))
    assert [lane["plate"] for lane in plain.json()["lanes"]] == ["KL•••••", "KL•••••"]
    assert [lane["plate"] for lane in clear.json()["lanes"]] == ["KL56MNO", "KL56MNO"]
    assert [lane["event"] for lane in clear.json()["lanes"]] == ["entered", "left"]
    tickets = (await client.get(f"{url}/tickets", headers=await key("read"))).json()["tickets"]
    assert [ticket["plate"] for ticket in tickets] == ["KL•••••", "FG•••••", "AB•••••"]


async def test_a_ticket_whose_plate_nobody_could_read_is_listed_without_one(
    client: Client, key: KeyMaker, lot: Lot, database: asyncpg.Connection
) -> None:
    lot.lets_in(None, lot.spots[0])
    await apply_window(database, lot.window(), NOON)
    url = f"/v1/lots/{lot.id}"
    for header in (await key("read"), await key("read", "plates")):
        [ticket] = (await client.get(f"{url}/tickets", headers=header)).json()["tickets"]
        assert (ticket["plate"], ticket["status"]) == (None, "ACTIVE")
        assert (await client.get(url, headers=header)).json()["lanes"][0]["plate"] is None


async def test_tickets_are_found_by_state_plate_and_code(client: Client, key: KeyMaker, busy: Lot) -> None:
    url = f"/v1/lots/{busy.id}/tickets"
    seeing = await key("read", "plates")
    [closed] = (await client.get(url, params={"status": "COMPLETED"}, headers=seeing)).json()["tickets"]
    assert closed["amount_due"] == {"amount": 250, "currency": "EUR"}
    assert closed["amount_paid"] == {"amount": 250, "currency": "EUR"}
    assert (closed["spot_number"], closed["floor_number"]) == ("001", 0)
    [found] = (await client.get(url, params={"plate": "fg 34-hij"}, headers=seeing)).json()["tickets"]
    assert (found["plate"], found["status"]) == ("FG34HIJ", "ACTIVE")
    typed = found["code"].lower().replace("-", "")
    [same] = (await client.get(url, params={"code": typed}, headers=seeing)).json()["tickets"]
    assert same["id"] == found["id"]
    blind = await client.get(url, params={"plate": "FG34HIJ"}, headers=await key("read"))
    assert code(blind) == (403, "scope_missing")


async def test_what_a_lot_owes_its_drivers_is_found_with_its_ticket(
    client: Client, key: KeyMaker, busy: Lot, database: asyncpg.Connection
) -> None:
    url, reader = f"/v1/lots/{busy.id}/tickets", await key("read")
    before = (await client.get(url, headers=reader)).json()["tickets"]
    assert {(ticket["length_known"], ticket["refund_owed"]["amount"]) for ticket in before} == {(True, 0)}
    [paid] = [ticket for ticket in before if ticket["status"] == "COMPLETED"]
    began = len(busy.facts) + 1
    busy.says(FeeBounded(ticket=paid["id"], lane=OUT, at=NOON, shortest=0, longest=None))
    busy.says(
        FeeCorrected(
            correction=an_id(),
            ticket=paid["id"],
            at=NOON,
            why="clock_set",
            fee_before=Minor(250),
            fee=Minor(100),
            paid=Minor(250),
            refund_owed=Minor(150),
            currency="EUR",
        )
    )
    busy.says(StayDated(ticket=paid["id"], entered=Instant(NOON - 1), settled=None, exited=Instant(NOON)))
    await apply_window(database, busy.window(began), NOON)
    [owed] = (await client.get(url, params={"refund_owed": True}, headers=reader)).json()["tickets"]
    assert (owed["id"], owed["length_known"]) == (paid["id"], False)
    assert owed["refund_owed"] == {"amount": 150, "currency": "EUR"}
    assert owed["amount_due"] == {"amount": 100, "currency": "EUR"}
    assert owed["entry_time"] == to_rfc3339(Instant(NOON - 1))
    assert await database.fetchval("SELECT fee_before FROM fee_corrections WHERE ticket_id = $1", paid["id"]) == 250


async def test_pages_of_tickets_neither_miss_nor_repeat_any_while_cars_arrive(
    client: Client, key: KeyMaker, lot: Lot, database: asyncpg.Connection
) -> None:
    for n in range(7):
        lot.lets_in(f"AB{n}CDE")
    await apply_window(database, lot.window(), NOON)
    before = len(lot.facts)
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    header = await key()
    while True:
        page = (await client.get(f"/v1/lots/{lot.id}/tickets", params={"limit": 3, **cursor}, headers=header)).json()
        seen += [ticket["id"] for ticket in page["tickets"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
        lot.lets_in(f"ZZ{len(seen)}CDE")
        await apply_window(database, lot.window(before + 1), NOON)
    assert len(seen) == len(set(seen)) == 7


@pytest.mark.parametrize("path", ["", "/availability", "/tickets"])
async def test_another_operators_lot_doesnt_exist(client: Client, key: KeyMaker, busy: Lot, path: str) -> None:
    stranger = await key("admin", operator="rival")
    assert code(await client.get(f"/v1/lots/{busy.id}{path}", headers=stranger)) == (404, "lot_not_found")
    assert (await client.get("/v1/lots", headers=stranger)).json() == {"lots": []}
    assert code(await client.get(f"/v1/lots/nonsense{path}", headers=stranger)) == (404, "lot_not_found")


async def test_errors_have_stable_codes(client: Client, key: KeyMaker, busy: Lot) -> None:
    reader = await key()
    tickets = f"/v1/lots/{busy.id}/tickets"
    assert code(await client.get("/v1/lots")) == (401, "key_missing")
    assert code(await client.get("/v1/lots", headers={"Authorization": "Bearer pk_no"})) == (401, "key_unknown")
    assert code(await client.get("/metrics", headers=reader)) == (403, "scope_missing")
    assert code(await client.get("/v1/nothing", headers=reader)) == (404, "not_found")
    assert code(await client.post("/v1/lots", headers=reader)) == (405, "method_not_allowed")
    assert code(await client.get(tickets, params={"status": "parked"}, headers=reader)) == (422, "invalid")
    assert code(await client.get(tickets, params={"code": "1234"}, headers=reader)) == (422, "code_invalid")
    for cursor in ("x", "é", "MTp4", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTox"):
        assert code(await client.get(tickets, params={"cursor": cursor}, headers=reader)) == (422, "cursor_invalid")


async def test_a_revoked_key_is_unknown(app: FastAPI, client: Client, key: KeyMaker, tenant: str) -> None:
    header = await key()
    cloud: Cloud = app.state.cloud
    prefix = "_".join(header["Authorization"].removeprefix("Bearer ").split("_")[:2])
    async with cloud.engine.begin() as connection:
        assert await revoke_key(connection, tenant, prefix, NOON)
        assert not await revoke_key(connection, tenant, prefix, NOON)
    assert code(await client.get("/v1/lots", headers=header)) == (401, "key_unknown")


async def test_metrics_count_lots_and_facts(client: Client, key: KeyMaker, busy: Lot) -> None:
    text = (await client.get("/metrics", headers=await key("metrics"))).text
    assert "parkgate_lots_enrolled 1.0" in text
    assert "parkgate_facts_applied_total 0.0" in text


async def test_health_needs_no_key_and_tells_a_lost_database() -> None:
    app = create_app(settings_for(f"postgresql://nobody:secret@127.0.0.1:{free_port()}/none"))
    async with Client(transport=httpx.ASGITransport(app), base_url="http://cloud") as client:
        answer = await client.get("/healthz")
        assert (answer.status_code, answer.json()["status"], answer.json()["database"]) == (503, "down", "down")
        lots = await client.get("/v1/lots", headers={"Authorization": "Bearer pk_x"})
        assert code(lots) == (503, "database_away")


async def test_health_is_well_with_its_database(client: Client) -> None:
    answer = await client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "up", "broker": "not used"}


async def test_the_reference_names_every_route_and_loads_nothing(app: FastAPI, client: Client) -> None:
    text = (await client.get("/docs")).text
    described = app.openapi()
    for path, of in described["paths"].items():
        assert path in text
        for operation in of.values():
            assert operation["summary"]
            assert operation["description"]
            assert operation["tags"]
    assert "src=" not in text
    assert "http://" not in text
    assert "https://" not in text


async def test_settings_never_show_their_secrets() -> None:
    settings = settings_for("postgresql://parkgate:hidden@127.0.0.1/x", mqtt_password="hidden")
    assert "hidden" not in repr(settings)
    assert "hidden" not in str(settings)


async def test_the_event_stream_tells_of_the_operators_own_lots_only(
    app: FastAPI, key: KeyMaker, database: asyncpg.Connection, lot: Lot
) -> None:
    cloud: Cloud = app.state.cloud
    async with cloud.engine.begin() as connection:
        rival = await tenant_named(connection, "rival", NOON)
        other = Lot(await enrol_lot(connection, rival, "South", NOON)).opens_for_business()
    events = _events(app, await key())
    try:
        assert (await anext(events))[0] == "resync"
        async with asyncio.timeout(10):
            while not cloud.live.listening:
                await asyncio.sleep(0.01)
        await apply_window(database, other.window(), NOON)
        await apply_window(database, lot.window(), NOON)
        await notify(database, [other.id, lot.id])
        async with asyncio.timeout(10):
            heard = [event async for event in _until_lot(events)]
    finally:
        await events.aclose()
    assert [event for event in heard if event[0] == "lot"] == [("lot", {"lot": lot.id})]


async def _until_lot(events: AsyncIterator[tuple[str, Any]]) -> AsyncIterator[tuple[str, Any]]:
    async for event in events:
        yield event
        if event[0] == "lot":
            return


async def _events(app: FastAPI, header: dict[str, str]) -> AsyncIterator[tuple[str, Any]]:
    """The stream as a browser sees it. httpx's ASGI transport waits for the end of an answer, so this speaks ASGI."""
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            chunks.put_nowait(message["body"])

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/v1/events",
        "raw_path": b"/v1/events",
        "query_string": b"",
        "scheme": "http",
        "server": ("cloud", 80),
        "headers": [(b"authorization", header["Authorization"].encode())],
    }
    task = asyncio.create_task(app(scope, receive, send))  # type: ignore[arg-type]
    text = ""
    try:
        while True:
            text += (await chunks.get()).decode()
            *whole, text = text.split("\n\n")
            for block in whole:
                fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
                if fields:
                    yield fields["event"], json.loads(fields["data"])
    finally:
        gone.set()
        await task


async def test_metrics_tell_how_all_lots_stand_in_as_many_lines_for_three_as_for_one(
    client: Client,
    key: KeyMaker,
    app: FastAPI,
    busy: Lot,
    engine: AsyncEngine,
    tenant: str,
    database: asyncpg.Connection,
) -> None:
    header = await key("metrics")
    lines = len((await client.get("/metrics", headers=header)).text.splitlines())
    async with engine.begin() as connection:
        odd, silent = [await enrol_lot(connection, tenant, name, NOON) for name in ("South", "West")]
    now = app.state.cloud.clock.read().wall
    for lot, at, backlog in ((busy.id, now, 7), (odd, now - 2 * HOUR, 10**26)):
        await database.execute(
            "INSERT INTO beacons (tenant_id, lot_id, body, online, received_at) VALUES ($1, $2, $3::jsonb, true, $4)"
            " ON CONFLICT (lot_id) DO UPDATE SET body = excluded.body, received_at = excluded.received_at",
            *(tenant, lot, json.dumps({"backlog": backlog}), at),
        )
    await database.execute(
        "INSERT INTO digests (tenant_id, lot_id, stream_id, seq, verdict, compared_at)"
        " VALUES ($1, $2, $2, 1, 'differs', $3)",
        *(tenant, odd, now),
    )
    await database.execute(
        "INSERT INTO parked_facts (tenant_id, lot_id, stream_id, seq, why, parked_at, cause)"
        " VALUES ($1, $2, $2, 1, 'a test', $3, 'poisoned')",
        *(tenant, odd, now),
    )
    await open_case(database, tenant, LotId(odd), Case("fact_parked", "1", "a test"), now)
    await database.execute("UPDATE streams SET applied_at = $1", now - 3 * HOUR)

    text = (await client.get("/metrics", headers=header)).text
    told = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    expected = {
        "parkgate_lots_enrolled": 3,
        "parkgate_lots_never_heard": 1,
        "parkgate_lots_differing": 1,
        "parkgate_backlog_facts": 7,
        "parkgate_backlog_facts_most": 7,
        'parkgate_lots_heard{within="1m"}': 1,
        'parkgate_lots_heard{within="24h"}': 2,
        'parkgate_facts_waiting{cause="poisoned"}': 1,
        'parkgate_facts_waiting{cause="torn"}': 0,
        'parkgate_cases_open{kind="fact_parked"}': 1,
    }
    assert {name: float(told[name]) for name in expected} == expected
    assert float(told["parkgate_longest_silence_seconds"]) == pytest.approx(7200, abs=60)
    assert float(told["parkgate_longest_unapplied_seconds"]) == pytest.approx(10_800, abs=60)
    assert len(text.splitlines()) == lines
    assert silent not in text
