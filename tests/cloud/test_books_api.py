"""The lots' books over HTTP and at the prompt: what was posted, closed and is owed, and no way to change it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest
from fastapi import FastAPI
from typer.testing import CliRunner

from cloud.cli import app as prompt
from edge.parking.money import ledger
from models.instants import Instant
from tests.cloud.lots import Lot as CloudLot
from tests.cloud.mirrors import Mirror, owes
from tests.cloud.test_api import Client, KeyMaker, app, client, code, key
from tests.cloud.test_going_on_counting import a_day
from tests.cloud.test_restoring import LEVELS
from tests.edge.lots import NOON, a_lot

__all__ = ["app", "client", "key"]


@pytest.fixture
async def mirror(tmp_path: Path, lot: CloudLot, database: asyncpg.Connection) -> Mirror:
    """Of a lot that has closed a day, and of which two vehicles owe something since."""
    made = Mirror(a_lot(tmp_path, LEVELS, id=lot.id), database)
    a_day(made.lot)
    for number, plate in enumerate(("OWES1", "OWES2")):
        owed_by(made, plate, Instant(NOON + number), 400 + number)
    await made.catches_up()
    return made


def owed_by(mirror: Mirror, plate: str, at: Instant, amount: int) -> None:
    ticket = mirror.lot.enters(plate).ticket
    debt = lambda tx: owes(ticket, tx.mint(), amount).model_copy(update={"at": at})  # noqa: E731
    mirror.lot.decide(lambda tx: ledger.record(tx, debt(tx)))


async def test_accounts_days_and_closings_are_read(mirror: Mirror, client: Client, key: KeyMaker) -> None:
    url, read = f"/v1/lots/{mirror.lot.id}/books", await key()
    books = (await client.get(url, headers=read)).json()
    held = {each["account"]: each["amount"] for each in books["accounts"]}
    assert (books["open_day"], held["cash:out"], held["uncollected"], sum(held.values())) == (2, 5200, 801, 0)
    closed = (await client.get(f"{url}/days/1", headers=read)).json()
    assert closed["closed"]["number"] == 1
    assert {"account": "cash:out", "amount": 5000, "currency": "EUR"} in closed["held"]
    so_far = (await client.get(f"{url}/days/2", headers=read)).json()
    paid = [each["amount"] for each in so_far["totals"] if (each["kind"], each["account"]) == ("payment", "cash:out")]
    assert (so_far["closed"], paid) == (None, [200])
    assert code(await client.get(f"{url}/days/3", headers=read)) == (404, "day_not_found")
    page = (await client.get(f"{url}/closings", params={"limit": 1}, headers=read)).json()
    rest = (await client.get(f"{url}/closings", params={"cursor": page["next"]}, headers=read)).json()
    assert [each["what"] for each in (*page["closings"], *rest["closings"])] == ["day", "shift"]
    assert (rest["closings"][0]["expected"], rest["closings"][0]["left"], rest["next"]) == (5200, 5000, None)
    [shift] = (await client.get(f"{url}/closings", params={"what": "shift"}, headers=read)).json()["closings"]
    assert shift["drawer"] == "out"


async def test_debts_and_a_tickets_ledger_are_read_and_plates_by_right(
    mirror: Mirror, client: Client, key: KeyMaker
) -> None:
    url, read, plates = f"/v1/lots/{mirror.lot.id}", await key(), await key("read", "plates")
    first = (await client.get(f"{url}/debts", params={"limit": 1}, headers=read)).json()
    rest = (await client.get(f"{url}/debts", params={"cursor": first["next"]}, headers=plates)).json()
    [newer], [older] = first["debts"], rest["debts"]
    assert (newer["plate"], older["plate"], rest["next"]) == ("OW•••", "OWES1", None)
    assert older["owed"] == {"amount": 400, "currency": "EUR"}
    [found] = (await client.get(f"{url}/debts", params={"plate": "owes 2"}, headers=plates)).json()["debts"]
    assert found["payment"] == newer["payment"]
    assert code(await client.get(f"{url}/debts", params={"plate": "owes 2"}, headers=read)) == (403, "scope_missing")
    for named in (older["ticket"], older["ticket_code"]):
        told = (await client.get(f"{url}/tickets/{named}/ledger", headers=read)).json()
        assert {each["account"]: each["amount"] for each in told["balances"]}["uncollected"] == 400
        assert sum(each["amount"] for each in told["entries"]) == 0
    for unknown in ("none", older["payment"]):
        assert code(await client.get(f"{url}/tickets/{unknown}/ledger", headers=read)) == (404, "ticket_not_found")
    other = await key(operator="another")
    for path in ("debts", "books", "books/closings", "books/days/1", f"tickets/{older['ticket']}/ledger"):
        assert code(await client.get(f"{url}/{path}", headers=other)) == (404, "lot_not_found")
        assert code(await client.get(f"{url}/{path}", headers=await key("metrics"))) == (403, "scope_missing")
        assert (await client.post(f"{url}/{path}", headers=await key("admin"))).status_code == 405


async def test_the_prompt_shows_the_same(mirror: Mirror, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = app.state.cloud.settings
    monkeypatch.setenv("PARKGATE_DATABASE_URL", settings.database_url.get_secret_value())

    def typed(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(prompt, ["books", str(mirror.lot.id), *words])
        return done.exit_code, done.output

    status, told = await asyncio.to_thread(typed)
    assert (status, "52.00 EUR" in told, "Day 2, open" in told) == (0, True, True)
    status, told = await asyncio.to_thread(typed, "--day", "1")
    assert "closed" in told.splitlines()[0]
    assert "a person" in told.splitlines()[0]
    _, told = await asyncio.to_thread(typed, "--day", "1", "--json")
    assert json.loads(told)["day"]["number"] == 1
    assert (await asyncio.to_thread(typed, "--day", "9"))[0] == 1
