"""Permits, accounts and barred vehicles over HTTP: what is set stands at the lot's desk, and errors say what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from httpx import Response

from cloud.ingest.apply import apply_window
from models.ids import PermitId
from tests.cloud.lots import NOON, Lot
from tests.cloud.test_api import Client, KeyMaker, app, client, code, key

__all__ = ["app", "client", "key"]
WHO = {"by": "ann", "reason": "moved in"}


@dataclass
class Desk:
    http: Client
    url: str
    keys: dict[str, dict[str, str]]

    async def get(self, path: str, scope: str = "read", **query: Any) -> Response:
        return await self.http.get(f"{self.url}/{path}", params=query, headers=self.keys[scope])

    async def send(self, method: str, path: str, scope: str = "operate", **body: Any) -> Response:
        asked: dict[str, Any] = {"params": body} if method == "DELETE" else {"json": body}
        return await self.http.request(method, f"{self.url}/{path}", headers=self.keys[scope], **asked)


@pytest.fixture
async def desk(client: Client, key: KeyMaker, lot: Lot) -> Desk:
    scopes = {"operate": ("operate", "read"), "read": ("read",), "plates": ("read", "plates"), "none": ("metrics",)}
    return Desk(client, f"/v1/lots/{lot.id}", {name: await key(*each) for name, each in scopes.items()})


async def test_a_permit_is_granted_changed_and_revoked(desk: Desk) -> None:
    hours = ["mon-fri 07:00 to 18:00"]
    made = await desk.send("POST", "permits", plates=["ab 12-cde"], kind="guest", entries=3, hours=hours, **WHO)
    permit = made.json()
    assert (made.status_code, permit["plates"], permit["cards"]) == (201, ["AB•••••"], None)
    assert (permit["kind"], permit["entries"], permit["entries_used"], permit["hours"]) == ("guest", 3, 0, hours)
    assert (permit["issued_by"], permit["at_the_lot"]) == ("ann (test)", False)
    path = f"permits/{permit['id']}"
    changed = (await desk.send("PUT", path, plates=["AB12CDE", "XY1"], account="ACME", **WHO)).json()
    assert (changed["kind"], changed["entries"], changed["account"]) == ("monthly", None, "ACME")
    assert changed["revision"] > permit["revision"]
    assert (await desk.get(path, "plates")).json()["plates"] == ["AB12CDE", "XY1"]
    ended = await desk.send("DELETE", path, by="ann", reason="moved out")
    assert ended.json()["revision"] > changed["revision"]
    for again in (
        await desk.get(path),
        await desk.send("DELETE", path, **WHO),
        await desk.send("PUT", path, plates=["A1"], **WHO),
    ):
        assert code(again) == (404, "permit_not_found")
    assert (await desk.get("permits")).json() == {"permits": [], "next": None}


async def test_permits_are_found_page_by_page(desk: Desk) -> None:
    for number in range(5):
        kind = "guest" if number % 2 else "monthly"
        await desk.send("POST", "permits", plates=[f"AB{number}"], kind=kind, account=f"A{number % 3}", **WHO)
    pages, cursor = [], {}
    while True:
        page = (await desk.get("permits", "plates", limit=2, **cursor)).json()
        pages.append([permit["plates"][0] for permit in page["permits"]])
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert pages == [["AB0", "AB1"], ["AB2", "AB3"], ["AB4"]]
    assert len((await desk.get("permits", kind="guest")).json()["permits"]) == 2
    assert len((await desk.get("permits", account="A0")).json()["permits"]) == 2
    [found] = (await desk.get("permits", "plates", plate="ab-3")).json()["permits"]
    assert found["plates"] == ["AB3"]
    assert code(await desk.get("permits", plate="ab-3")) == (403, "scope_missing")
    assert code(await desk.get("permits", cursor="!")) == (422, "cursor_invalid")


async def test_a_pass_says_how_often_it_has_let_in(desk: Desk, lot: Lot, database: asyncpg.Connection) -> None:
    permit = PermitId((await desk.send("POST", "permits", plates=["AB1"], entries=2, **WHO)).json()["id"])
    ticket = lot.lets_in("AB1", lot.spots[0])
    await apply_window(database, lot.window(), NOON)
    await database.execute("UPDATE tickets SET permit_id = $1 WHERE id = $2", permit, ticket)
    assert (await desk.get(f"permits/{permit}")).json()["entries_used"] == 1


async def test_vehicles_are_barred_and_accounts_limited(desk: Desk) -> None:
    made = (await desk.send("POST", "barred", plates=["xy 99"], reason="debts", by="ann")).json()
    path = f"barred/{made['id']}"
    changed = await desk.send("PUT", path, plates=["XY99"], reason="debts", action="refuse_and_call", by="ann")
    assert (changed.json()["action"], changed.json()["reason"]) == ("refuse_and_call", "debts")
    [listed] = (await desk.get("barred", "plates", plate="XY99")).json()["barred"]
    assert (listed["id"], listed["plates"]) == (made["id"], ["XY99"])
    await desk.send("DELETE", path, **WHO)
    assert code(await desk.get(path)) == (404, "barred_not_found")
    for places in (20, 10):
        limited = await desk.send("PUT", "accounts/ACME", in_at_a_time=places, **WHO)
    assert limited.json()["in_at_a_time"] == 10
    assert [each["account"] for each in (await desk.get("accounts")).json()["accounts"]] == ["ACME"]
    await desk.send("DELETE", "accounts/ACME", **WHO)
    assert code(await desk.send("DELETE", "accounts/ACME", **WHO)) == (404, "account_not_found")


async def test_what_cannot_be_meant_changes_nothing_and_says_why(desk: Desk, client: Client, key: KeyMaker) -> None:
    past = await desk.send("POST", "permits", plates=["AB1"], valid_until="2020-01-01T00:00:00Z", **WHO)
    assert code(past) == (422, "unacceptable")
    assert "let nobody in" in past.json()["error"]["details"][0]
    wrong = await desk.send("POST", "permits", plates=["AB1"], hours=["moonday"], **WHO)
    assert code(wrong) == (422, "invalid")
    assert wrong.json()["error"]["details"][0].startswith("hours")
    assert code(await desk.send("POST", "permits", plates=["!"], **WHO)) == (422, "plate_invalid")
    assert code(await desk.send("POST", "permits", plates=["AB1"], by="ann")) == (422, "invalid")
    assert code(await desk.send("POST", "permits", "read", plates=["AB1"], **WHO)) == (403, "scope_missing")
    assert code(await desk.get("permits", "none")) == (403, "scope_missing")
    assert (await desk.get("permits")).json()["permits"] == []
    other = {"other": await key("operate", "read", operator="another")}
    for url in (desk.url, f"/v1/lots/{uuid4()}", "/v1/lots/none"):
        elsewhere = Desk(client, url, other)
        assert code(await elsewhere.get("permits", "other")) == (404, "lot_not_found")
        assert code(await elsewhere.send("POST", "permits", "other", plates=["AB1"], **WHO)) == (404, "lot_not_found")


async def test_words_that_postgresql_cannot_hold_are_refused(desk: Desk) -> None:
    for words in ({"account": "a\0b"}, {"zones": ["\0"]}, {"rates": "\0"}, {"cards": ["1\0"]}):
        assert (await desk.send("POST", "permits", plates=["AB1"], **words, **WHO)).status_code == 422, words
    assert (await desk.get("permits", account="\0")).status_code == 422
    assert (await desk.get("permits/%00")).status_code == 422
    assert (await desk.send("PUT", "accounts/a%00b", in_at_a_time=1, **WHO)).status_code == 422
