"""Telling a lot what to do through the API: a real broker, a real PostgreSQL, and the lot's own link at the far end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from cloud.api.app import create_app
from cloud.commands import desk
from cloud.commands.desk import Places
from cloud.commands.ordering import what_is_wrong
from cloud.enrolment import tenant_named
from cloud.ingest.apply import apply_window
from cloud.keys import mint_key
from cloud.service import Cloud
from cloud.settings import CloudSettings
from edge.local import SpotsOrder
from edge.store import journal
from edge.store.database import looking_into
from edge.sync.windows import Label, fill_window
from models.commands import CommandKind
from models.wire.chain import GENESIS
from simulator.servers import Mosquitto, free_port
from tests.brokers import USERS
from tests.cloud.lots import NOON
from tests.cloud.lots import Lot as EnrolledLot
from tests.cloud.test_cli import environment, typed
from tests.edge.clouds import becomes, ledger
from tests.edge.commanded import Gate, commanded
from tests.edge.lots import Lot, a_lot
from tests.keys import public_file, signing_key_file

Client = httpx.AsyncClient
KeyMaker = Callable[..., Awaitable[dict[str, str]]]
OPEN = {"kind": "open", "by": "A. Smith", "reason": "Ambulance"}


def at_the_broker(settings: CloudSettings, port: int) -> CloudSettings:
    login = {"mqtt_port": port, "mqtt_username": "parkgate", "mqtt_password": USERS["parkgate"]}
    return CloudSettings.model_validate({**settings.model_dump(), **login, "signing_key_file": signing_key_file()})


@pytest.fixture
async def app(settings: CloudSettings, mosquitto: Mosquitto) -> AsyncIterator[FastAPI]:
    app = create_app(at_the_broker(settings, mosquitto.port))
    async with app.router.lifespan_context(app):
        commands = app.state.cloud.commands
        await becomes(lambda: commands.line.ready)
        yield app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[Client]:
    async with Client(transport=httpx.ASGITransport(app), base_url="http://cloud", timeout=40) as client:
        yield client


@pytest.fixture
def key(app: FastAPI) -> KeyMaker:
    async def make(*scopes: str, operator: str = "default") -> dict[str, str]:
        cloud: Cloud = app.state.cloud
        async with cloud.engine.begin() as connection:
            tenant = await tenant_named(connection, operator, NOON)
            text = await mint_key(connection, tenant, "control room", scopes or ("operate", "read"), NOON)
        return {"Authorization": f"Bearer {text}"}

    return make


@pytest.fixture
async def site(database: asyncpg.Connection, lot: EnrolledLot, tmp_path: Path) -> Lot:
    """The lot itself, whose lanes the cloud knows."""
    made = a_lot(tmp_path, id=lot.id)
    await bring_up(database, made)
    return made


async def bring_up(database: asyncpg.Connection, lot: Lot, after: int = 0) -> None:
    """All facts of the lot's ledger that follow."""
    head = ledger(lot.path)
    with looking_into(lot.path) as connection:
        facts = journal.run(connection, head.stream_id, after, head.seq)
        previous = journal.hash_at(connection, head.stream_id, after) or GENESIS
    if facts:
        window, _ = fill_window(Label(lot.id, "ledger", head.stream_id), previous, facts)
        outcome = await apply_window(database, window, NOON)
        assert outcome.parked == 0


def at(lot: Lot, lane: str = "in") -> str:
    return f"/v1/lots/{lot.id}/lanes/{lane}/commands"


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_an_operator_opens_a_lane_and_both_sides_have_it_on_record(
    client: Client, key: KeyMaker, site: Lot, mosquitto: Mosquitto, tmp_path: Path, database: asyncpg.Connection
) -> None:
    operator, known = await key(), ledger(site.path).seq
    async with commanded(site, mosquitto, public_file(tmp_path)) as lot:
        answer = await client.post(at(site), headers=operator, json=OPEN)
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert (said["outcome"], said["said"]) == ("done", "the arm was told to rise")
        [(asked, order_id)] = lot.gate.obeyed
        assert order_id == said["id"]
        assert (asked.by, asked.reason) == ("A. Smith (control room)", "Ambulance")
        await becomes(lambda: lot.ended() == ["done"])
    await bring_up(database, site, known)
    [given] = (await client.get(f"/v1/lots/{site.id}/commands", headers=operator)).json()["commands"]
    assert given["taken_at"] is not None
    assert {**given, "taken_at": None} == said


async def test_a_lot_that_does_not_answer_was_told_nothing(client: Client, key: KeyMaker, site: Lot) -> None:
    operator = await key()
    assert code(await client.post(at(site), headers=operator, json=OPEN)) == (503, "lot_silent")
    [given] = (await client.get(f"/v1/lots/{site.id}/commands", headers=operator)).json()["commands"]
    assert (given["outcome"], given["by"], given["reason"]) == ("not_sent", "A. Smith (control room)", "Ambulance")


async def test_what_the_lot_does_not_tell_in_time_is_unknown_until_its_records_say_more(
    client: Client,
    key: KeyMaker,
    site: Lot,
    mosquitto: Mosquitto,
    tmp_path: Path,
    database: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desk, "ANSWER_WITHIN_SECONDS", 0.5)
    operator, known = await key(), ledger(site.path).seq
    gate = Gate(site, jammed=True)
    async with commanded(site, mosquitto, public_file(tmp_path), gate):
        said = (await client.post(at(site), headers=operator, json=OPEN)).json()
        assert (said["outcome"], gate.moved) == ("unknown", 1)
    await bring_up(database, site, known)
    [given] = (await client.get(f"/v1/lots/{site.id}/commands", headers=operator)).json()["commands"]
    assert given["taken_at"] is not None


async def test_an_order_with_an_id_is_given_once(
    client: Client, key: KeyMaker, site: Lot, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    operator, order = await key(), {**OPEN, "id": str(uuid4())}
    async with commanded(site, mosquitto, public_file(tmp_path)) as lot:
        answers = await asyncio.gather(*(client.post(at(site), headers=operator, json=order) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        assert lot.gate.moved == 1


async def test_what_the_lot_refuses_says_why(
    client: Client, key: KeyMaker, site: Lot, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """The cloud knows a lane that the lot has no longer."""
    async with commanded(site, mosquitto, public_file(tmp_path)):
        said = (await client.post(at(site, "out"), headers=await key(), json=OPEN)).json()
    assert (said["outcome"], said["why"], said["said"]) == (
        "refused",
        "NO_SUCH_LANE",
        "The lot has no lane of that name",
    )


async def test_who_may_not_order(client: Client, key: KeyMaker, site: Lot) -> None:
    assert code(await client.post(at(site), json=OPEN)) == (401, "key_missing")
    assert code(await client.post(at(site), headers=await key("read"), json=OPEN)) == (403, "scope_missing")
    stranger = await key("operate", operator="another")
    assert code(await client.post(at(site), headers=stranger, json=OPEN)) == (404, "lot_not_found")
    assert code(await client.post(at(site, "nowhere"), headers=await key(), json=OPEN)) == (404, "lane_not_found")


@pytest.mark.parametrize(
    ("order", "problem"),
    [
        ({"reason": " "}, "invalid"),
        ({"by": ""}, "invalid"),
        ({"reason": "\0"}, "invalid"),
        ({"reason": "x" * 301}, "invalid"),
        ({"kind": "reset_fire"}, "invalid"),
        ({"nonce": "mine"}, "invalid"),
        ({"kind": "set_state"}, "command_impossible"),
        ({"state": "open"}, "command_impossible"),
        ({"kind": "reset_passback"}, "command_impossible"),
    ],
)
async def test_orders_that_can_not_be(
    client: Client, key: KeyMaker, site: Lot, order: Mapping[str, Any], problem: str
) -> None:
    assert code(await client.post(at(site), headers=await key(), json={**OPEN, **order})) == (422, problem)


async def test_passback_is_reset_for_the_whole_lot(
    client: Client, key: KeyMaker, site: Lot, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with commanded(site, mosquitto, public_file(tmp_path)) as lot:
        order = {**OPEN, "kind": "reset_passback", "plate": "AB12CDE"}
        answer = await client.post(f"/v1/lots/{site.id}/commands", headers=await key(), json=order)
        assert answer.json()["outcome"] == "done", answer.text
        assert lot.gate.moved == 1


async def test_without_a_broker_nothing_is_sent(settings: CloudSettings, lot: EnrolledLot, site: Lot) -> None:
    app = create_app(at_the_broker(settings, free_port()))
    async with (
        app.router.lifespan_context(app),
        Client(transport=httpx.ASGITransport(app), base_url="http://c") as client,
    ):
        async with app.state.cloud.engine.begin() as connection:
            tenant = await tenant_named(connection, "default", NOON)
            text = await mint_key(connection, tenant, "k", ("operate",), NOON)
        answer = await client.post(at(site), headers={"Authorization": f"Bearer {text}"}, json=OPEN)
        assert code(answer) == (503, "broker_away")


async def test_the_command_line_opens_a_lane(
    settings: CloudSettings, site: Lot, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    url = settings.database_url.get_secret_value()
    login = environment(url, MQTT_PORT=str(mosquitto.port), MQTT_USERNAME="parkgate", MQTT_PASSWORD=USERS["parkgate"])
    words = ("lanes", "open", site.id, "in", "--reason", "Ambulance", "--by", "A. Smith", "--json")
    async with commanded(site, mosquitto, public_file(tmp_path)) as lot:
        done = await asyncio.to_thread(typed, url, *words, variables=login)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["outcome"] == "done"
        assert [asked.by for asked, _ in lot.gate.obeyed] == ["A. Smith"]
    silent = await asyncio.to_thread(typed, url, *words[:-1], variables=login)
    assert silent.returncode == 3
    assert "nothing was done" in silent.stderr


@pytest.mark.parametrize("kind", CommandKind)
def test_each_kind_is_for_a_lane_or_for_the_lot(kind: CommandKind) -> None:
    state = "open" if kind is CommandKind.SET_STATE else None
    counted = 5 if kind is CommandKind.RESET_COUNT else None
    places = Places("A1" if kind.names_spot else None, None, counted)
    of_the_lot = {"reset_passback", "reset_count", "spot_out_of_service", "spot_in_service"}
    assert (what_is_wrong(kind, "in", state, None, places) is None) is (kind not in of_the_lot)
    assert (what_is_wrong(kind, None, state, None, places) is None) is (kind in of_the_lot)


@pytest.mark.parametrize(
    ("kind", "places"),
    [
        ("reset_count", Places()),
        ("reset_count", Places("A1", None, 5)),
        ("spot_out_of_service", Places()),
        ("spot_in_service", Places("A1", None, 5)),
        ("reset_passback", Places(level="1")),
    ],
)
def test_a_command_about_spots_names_what_it_is_about_and_nothing_else(kind: str, places: Places) -> None:
    assert what_is_wrong(CommandKind(kind), None, None, None, places) is not None


async def test_what_was_counted_is_told_to_the_lot_with_its_reason(
    client: Client, key: KeyMaker, site: Lot, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with commanded(site, mosquitto, public_file(tmp_path)) as lot:
        order = {**OPEN, "kind": "reset_count", "vehicles": 5, "level": "0", "reason": "walked round"}
        answer = await client.post(f"/v1/lots/{site.id}/commands", headers=await key(), json=order)
        assert answer.json()["outcome"] == "done", answer.text
        [(asked, _)] = lot.gate.obeyed
        assert isinstance(asked, SpotsOrder)
        assert (asked.spots, asked.vehicles, asked.level, asked.reason) == ("reset_count", 5, "0", "walked round")
