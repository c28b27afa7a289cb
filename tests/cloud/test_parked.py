"""Facts that wait: applied after an upgrade in their order, let go or judged by a person, and on record for good."""

from __future__ import annotations

import asyncio
import json

import asyncpg
import pytest

from cloud.ingest import release as releasing
from cloud.ingest.apply import apply_window
from cloud.ingest.release import Released, release_readable
from cloud.settings import CloudSettings
from models.effects.by_fact import changes_of
from models.facts import Fact, LevelDeclared, LotDeclared, TicketClosed, TicketConfirmed, base
from models.facts.layout import DeclaredSpot
from models.ids import LevelId, LotId, SpotId, TicketId
from models.instants import Instant
from models.money import Minor
from models.spots import SpotType
from models.wire.envelopes import Tombstone, Window
from simulator.servers import Mosquitto
from tests.cloud.lots import IN, NOON, OUT, Lot, an_id
from tests.cloud.test_cli import typed
from tests.cloud.test_ingest import becomes, ingesting

LATER = Instant(NOON + 3_600_000_000)


def a_lot_of_the_future(lot: Lot) -> TicketId:
    """A stay with a fact in it that no cloud of today can read, a car on the same spot after it, and another stay."""
    ticket = lot.admits(lot.meets("AB12CDE"), lot.spots[0])
    lot.says_as("ticket.blessed", 7, {"ticket": ticket, "by": "a later release"})
    lot.says(TicketConfirmed(ticket=ticket, lane=IN, passed=lot.now))
    lot.says(TicketClosed(ticket=ticket, lane=OUT, exited=lot.now, amount_due=Minor(0), amount_paid=Minor(0)))
    lot.lets_in("FG34HIJ", lot.spots[0])
    lot.says_as("lot.praised", 1, {"by": "everybody"})
    return ticket


@pytest.fixture
def upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    """This release learns to read what the later one says."""
    monkeypatch.setattr(base, "_KNOWN", dict(base._KNOWN))

    class TicketBlessed(Fact, type="ticket.blessed", version=7):
        ticket: TicketId
        by: str

    class LotPraised(Fact, type="lot.praised", version=1):
        by: str

    @changes_of.register(TicketBlessed)
    @changes_of.register(LotPraised)
    def _(fact: Fact, lot: LotId, spot_of: object) -> list[object]:
        return []


async def status(database: asyncpg.Connection, plate: str) -> str:
    return await database.fetchval(
        "SELECT status FROM tickets JOIN vehicles ON vehicles.id = vehicle_id WHERE license_plate = $1", plate
    )


async def parked(database: asyncpg.Connection) -> list[tuple[str, str | None]]:
    rows = await database.fetch("SELECT cause, outcome FROM parked_facts ORDER BY seq")
    return [(row["cause"], row["outcome"]) for row in rows]


async def apply(database: asyncpg.Connection, window: Window) -> None:
    await apply_window(database, window, LATER)


async def test_what_a_later_release_said_is_applied_after_the_upgrade_in_its_order(
    database: asyncpg.Connection, lot: Lot, request: pytest.FixtureRequest
) -> None:
    a_lot_of_the_future(lot)
    await apply(database, lot.window())
    assert await parked(database) == [("unreadable", None), ("follows", None), ("follows", None), ("unreadable", None)]
    assert await status(database, "AB12CDE") == "ADMITTED"
    assert await release_readable(database, LATER) == Released(), "nothing has changed yet"
    request.getfixturevalue("upgrade")
    assert await release_readable(database, LATER) == Released(applied=4)
    assert await status(database, "AB12CDE") == "COMPLETED"
    assert {outcome for _, outcome in await parked(database)} == {"applied"}
    assert await database.fetchval("SELECT count(*) FROM cases WHERE closed_at IS NULL") == 0
    spot = await database.fetchval("SELECT status FROM spots WHERE id = $1", lot.spots[0])
    assert spot == "OCCUPIED", "the other car stands there now, whatever the first one did before"
    lot.lets_out(TicketId(str(await database.fetchval("SELECT id FROM tickets WHERE status = 'ACTIVE'"))))
    await apply(database, lot.window())
    assert await status(database, "FG34HIJ") == "COMPLETED"


async def test_without_a_look_at_who_stands_there_an_old_fact_would_free_a_taken_spot(
    database: asyncpg.Connection, lot: Lot, upgrade: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(releasing, "_look_at_spots", nothing)
    known = base._KNOWN.pop(("ticket.blessed", 7))
    a_lot_of_the_future(lot)
    await apply(database, lot.window())
    base._KNOWN["ticket.blessed", 7] = known
    await release_readable(database, LATER)
    assert await database.fetchval("SELECT status FROM spots WHERE id = $1", lot.spots[0]) == "AVAILABLE"


async def test_an_upgraded_cloud_catches_up_when_it_starts(
    settings: CloudSettings,
    mosquitto: Mosquitto,
    database: asyncpg.Connection,
    lot: Lot,
    request: pytest.FixtureRequest,
) -> None:
    a_lot_of_the_future(lot)
    await apply(database, lot.window())
    async with ingesting(settings, mosquitto):
        pass
    assert await status(database, "AB12CDE") == "ADMITTED"
    request.getfixturevalue("upgrade")
    async with ingesting(settings, mosquitto):

        async def caught_up() -> bool:
            return await status(database, "AB12CDE") == "COMPLETED"

        await becomes(caught_up)


async def test_a_ticket_that_waits_for_a_person_is_not_let_go_by_an_upgrade(
    database: asyncpg.Connection, lot: Lot, request: pytest.FixtureRequest
) -> None:
    ghost = TicketId(an_id())
    lot.says(TicketConfirmed(ticket=ghost, lane=IN, passed=lot.now))
    lot.says_as("ticket.blessed", 7, {"ticket": ghost, "by": "a later release"})
    await apply(database, lot.window())
    request.getfixturevalue("upgrade")
    assert await release_readable(database, LATER) == Released()


async def test_from_the_command_line_a_person_looks_at_what_is_parked_and_judges(
    settings: CloudSettings, database: asyncpg.Connection, lot: Lot
) -> None:
    ghost, here = TicketId(an_id()), ("--lot", lot.id)
    lot.says(TicketConfirmed(ticket=ghost, lane=IN, passed=lot.now))
    lot.says_as("lot.praised", 1, {"by": "everybody"})
    await apply(database, lot.window())
    loose = f"{lot.stream_id}/{len(lot.facts)}"

    async def asks(*words: str) -> tuple[int, str, str]:
        done = await asyncio.to_thread(typed, settings.database_url.get_secret_value(), *words)
        return done.returncode, done.stdout, done.stderr

    _, listed, _ = await asks("parked", "list", "--json")
    assert [fact["subject"] for fact in json.loads(listed)] == [ghost, loose]
    _, shown, _ = await asks("parked", "show", ghost, *here, "--json")
    assert json.loads(json.loads(shown)[0]["body"])["ticket"] == ghost
    _, plain, _ = await asks("parked", "list", "--lot", "North")
    assert [line.split()[0] for line in plain.splitlines() if not line.startswith(" ")] == [ghost, loose], "uncut"
    judged = (*here, "--by", "ann", "--why", "a test of the printer")
    code, told, _ = await asks("parked", "release", ghost, *judged, "--json")
    assert (code, json.loads(told)) == (1, {"applied": 0, "parked": 1})
    code, told, _ = await asks("parked", "settle", ghost, *judged)
    assert (code, told) == (0, "1 settled.\n")
    assert (await asks("parked", "settle", ghost, *judged))[0] == 1, "it is settled already"
    assert (await asks("parked", "settle", loose, *judged))[0] == 0
    _, listed, _ = await asks("parked", "list", "--settled", "--json")
    assert [(fact["outcome"], fact["settled_by"]) for fact in json.loads(listed)] == [("judged", "ann")] * 2
    assert (await asks("parked", "show", "nonsense", *here))[0] == 1
    assert (await asks("parked", "settle", "nonsense", *judged))[0] == 1
    assert await database.fetchval("SELECT count(*) FROM cases WHERE closed_at IS NULL") == 0
    lot.says(TicketConfirmed(ticket=ghost, lane=IN, passed=lot.now))
    await apply(database, lot.window())
    cases = json.loads((await asks("cases", "list", "--json"))[1])
    plain = (await asks("cases", "list"))[1]
    assert plain.splitlines()[0] == f"{cases[0]['id']}  fact_parked  North", "the lot by its name, the id uncut"
    assert [case["subject"] for case in cases] == [ghost], "what comes after the judgement is judged anew"
    assert (await asks("cases", "close", cases[0]["id"], "--by", "ann", "--why", "seen"))[0] == 0
    assert (await asks("cases", "close", cases[0]["id"], "--by", "ann", "--why", "seen"))[0] == 1


async def test_a_lot_that_has_dropped_what_the_cloud_lost_goes_on_and_the_hole_is_a_case(
    database: asyncpg.Connection, lot: Lot
) -> None:
    for n in range(4):
        lot.lets_in(f"AB{n}CDE")
    await apply(database, lot.window(1, 6))
    beyond = lot.window(9)
    assert (await apply_window(database, beyond, LATER)).applied == 0, "a gap that can be filled is asked for"
    outcome = await apply_window(database, beyond.model_copy(update={"dropped": Tombstone(last=8, why="age")}), LATER)
    assert outcome.ack is not None
    assert outcome.ack.seq == len(lot.facts)
    assert outcome.applied + outcome.parked == len(lot.facts) - 8
    found = await database.fetch("SELECT kind, detail FROM cases ORDER BY kind DESC")
    assert {row["kind"] for row in found} >= {"facts_missing"}
    [hole] = [row["detail"] for row in found if row["kind"] == "facts_missing"]
    assert hole.startswith("facts 7 to 8 are lost")
    again = await apply_window(database, beyond.model_copy(update={"dropped": Tombstone(last=8, why="age")}), LATER)
    assert (again.applied, again.parked) == (0, 0)


@pytest.fixture
def layout_upgrade(monkeypatch: pytest.MonkeyPatch) -> None:
    """This release learns to read how a later one declares a lot and its levels."""
    monkeypatch.setattr(base, "_KNOWN", dict(base._KNOWN))

    class LotDeclaredV3(LotDeclared, type="lot.declared", version=3): ...

    class LevelDeclaredV3(LevelDeclared, type="level.declared", version=3): ...


def named(lot: Lot, name: str, version: int) -> None:
    body = {"address": "", "timezone": "UTC", "currency": "EUR", "total_spots": 1, "lat_microdegrees": None}
    lot.says_as("lot.declared", version, {**body, "name": name, "lng_microdegrees": None, "lanes": [_lane(name)]})


def _lane(name: str) -> dict[str, str]:
    return {"name": f"in.{name}", "direction": "entry"}


async def test_facts_of_no_ticket_are_let_go_in_their_order(
    database: asyncpg.Connection, lot: Lot, request: pytest.FixtureRequest
) -> None:
    for number in range(20):
        named(lot, f"N{number}", 3)
    await apply(database, lot.window())
    request.getfixturevalue("layout_upgrade")
    assert await release_readable(database, LATER) == Released(applied=20)
    assert await database.fetchval("SELECT name FROM parking_lots WHERE id = $1", lot.id) == "N19"
    assert await database.fetch("SELECT name FROM lanes WHERE NOT removed") == [("in.N19",)]


async def test_an_old_fact_that_is_let_go_does_not_undo_what_was_said_since(
    database: asyncpg.Connection, lot: Lot, request: pytest.FixtureRequest
) -> None:
    await old_and_new_layout(database, lot)
    request.getfixturevalue("layout_upgrade")
    assert await release_readable(database, LATER) == Released(applied=2)
    assert await database.fetchval("SELECT name FROM parking_lots WHERE id = $1", lot.id) == "New"
    assert await database.fetch("SELECT name FROM lanes WHERE NOT removed") == [("in.New",)]
    spots = await database.fetch("SELECT spot_number FROM spots WHERE spot_number LIKE '_-spot' ORDER BY 1")
    assert spots == [("B-spot",), ("C-spot",)], "A is B now; of C nothing was said since"


async def test_without_a_look_at_what_was_said_since_an_old_fact_undoes_it(
    database: asyncpg.Connection, lot: Lot, layout_upgrade: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""

    async def nothing(*_: object) -> list[str]:
        return []

    monkeypatch.setattr(releasing, "_said_since", nothing)
    known = dict(base._KNOWN)
    for type in ("lot.declared", "level.declared"):
        del base._KNOWN[type, 3]
    await old_and_new_layout(database, lot)
    base._KNOWN.update(known)
    await release_readable(database, LATER)
    assert await database.fetchval("SELECT name FROM parking_lots WHERE id = $1", lot.id) == "Old"


async def old_and_new_layout(database: asyncpg.Connection, lot: Lot) -> None:
    level, first, other = LevelId(an_id()), SpotId(an_id()), SpotId(an_id())
    named(lot, "Old", 3)
    old = LevelDeclared(level=level, floor_number=7, name="7", spots=(_spot(first, "A-spot"), _spot(other, "C-spot")))
    lot.says_as("level.declared", 3, old.body())
    named(lot, "New", 1)
    lot.says(LevelDeclared(level=level, floor_number=7, name="7", spots=(_spot(first, "B-spot"),)))
    await apply(database, lot.window())


def _spot(id: SpotId, number: str) -> DeclaredSpot:
    return DeclaredSpot(id=id, number=number, type=SpotType.REGULAR)
