"""The cloud's keys from the first to the one after the next, as an operator types it, and as the lots hear of it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.api.app import create_app
from cloud.clock import SystemClock
from cloud.commands import key_news
from cloud.enrolment import enrol_lot
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from cloud.signing import (
    NoSuchChange,
    SigningKey,
    chain_beside,
    chain_path,
    changed_chain,
    keys_to_believe,
    new_signer,
    take_into_use,
)
from edge.sync.keys import TrustedKeys
from models.ids import LotId
from models.wire import topics
from models.wire.envelopes import pack
from models.wire.keys import KeysHeld, Trust, changed
from simulator.servers import Mosquitto
from tests.brokers import USERS
from tests.cloud import test_ingest as at_ingest
from tests.cloud.lots import NOON
from tests.cloud.lots import Lot as EnrolledLot
from tests.cloud.test_cli import environment, typed
from tests.edge.clouds import becomes
from tests.edge.commanded import commanded
from tests.edge.lots import a_lot
from tests.keys import public_file


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    new_signer(tmp_path / "signing.key")
    return tmp_path / "signing.key"


def signing(settings: CloudSettings, key_file: Path, *words: object) -> subprocess.CompletedProcess[str]:
    url = settings.database_url.get_secret_value()
    return typed(url, "signing", *map(str, words), variables=environment(url, SIGNING_KEY_FILE=str(key_file)))


def listed(settings: CloudSettings, key_file: Path) -> dict[str, Any]:
    done = signing(settings, key_file, "list", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_rotation_as_it_is_typed(settings: CloudSettings, key_file: Path, tmp_path: Path) -> None:
    first = listed(settings, key_file)["keys"][0]["id"]
    safe = tmp_path / "safe"
    assert signing(settings, key_file, "next", safe).returncode == 0
    assert oct(os.stat(safe).st_mode & 0o777) == "0o600"
    early = signing(settings, key_file, "retire", first)
    assert early.returncode == 1
    assert "signing rotate" in early.stderr
    assert signing(settings, key_file, "rotate", safe).returncode == 0
    assert signing(settings, key_file, "rotate", safe).returncode == 1
    assert signing(settings, key_file, "retire", first).returncode == 0
    assert signing(settings, key_file, "next", tmp_path / "safe-2").returncode == 0
    now = listed(settings, key_file)
    assert now["serial"] == 3
    assert keys_to_believe(key_file) == tuple(key["public"] for key in now["keys"]), "what a new lot gets"
    assert [(key["signs"], key["may_change_keys"]) for key in now["keys"]] == [(True, False), (False, True)]
    assert first not in [key["id"] for key in now["keys"]]
    assert "may change the keys" in signing(settings, key_file, "list").stdout


def test_only_the_newest_key_changes_the_keys_and_a_change_in_vain_leaves_nothing(
    settings: CloudSettings, key_file: Path, tmp_path: Path
) -> None:
    signing(settings, key_file, "next", tmp_path / "safe")
    before = chain_path(key_file).read_bytes()
    done = signing(settings, key_file, "next", tmp_path / "another")
    assert done.returncode == 1
    assert "--with" in done.stderr
    assert not (tmp_path / "another").exists()
    assert chain_path(key_file).read_bytes() == before
    assert signing(settings, key_file, "next", tmp_path / "another", "--with", tmp_path / "safe").returncode == 0


def test_a_key_that_the_lots_never_heard_of_is_not_taken_into_use(key_file: Path, tmp_path: Path) -> None:
    new_signer(tmp_path / "stranger")
    with pytest.raises(NoSuchChange):
        take_into_use(key_file, tmp_path / "stranger")


def test_a_running_process_signs_with_the_next_key_as_soon_as_its_file_is_there(key_file: Path, tmp_path: Path) -> None:
    key = SigningKey(key_file)
    following = new_signer(tmp_path / "safe")
    first = key.signer
    changed_chain(key_file, [first.public_text, following.public_text], first)
    if os.geteuid() == 0:
        os.chown(key_file, 4711, 4712)
    before = key_file.stat()
    take_into_use(key_file, tmp_path / "safe")
    now = key_file.stat()
    assert (now.st_uid, now.st_gid, now.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert key.signer.key_id == following.key_id
    key_file.write_text("half a k", encoding="ascii")
    assert key.signer.key_id == following.key_id
    key_file.unlink()
    assert key.signer.key_id == following.key_id


def test_the_record_of_the_keys_leads_from_the_first_to_those_of_today(key_file: Path, tmp_path: Path) -> None:
    first = SigningKey(key_file).signer
    signers = [first, *(new_signer(tmp_path / f"safe-{n}") for n in range(3))]
    for n in range(1, 4):
        changed_chain(key_file, [each.public_text for each in signers[n - 1 : n + 1]], signers[n - 1])
    chain = chain_beside(key_file)
    trust = Trust(0, (first.public_text,))
    for message in chain.messages:
        trust = changed(trust, message)
    assert trust == chain.trust


async def test_lots_hear_of_a_change_and_one_that_was_away_for_all_of_it_follows_when_it_is_back(
    settings: CloudSettings,
    key_file: Path,
    lot: EnrolledLot,
    mosquitto: Mosquitto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(key_news, "LOOKS_EVERY_SECONDS", 0.2)
    first = SigningKey(key_file).signer
    enrolment = public_file(tmp_path, first)
    site = a_lot(tmp_path, id=lot.id)
    given = settings.model_dump() | {
        "mqtt_port": mosquitto.port,
        "mqtt_username": "parkgate",
        "mqtt_password": USERS["parkgate"],
        "signing_key_file": key_file,
    }
    app = create_app(CloudSettings.model_validate(given))

    def newest(keys: TrustedKeys) -> str | None:
        return keys.trust.newest if keys.trust else None

    async with app.router.lifespan_context(app):
        await becomes(lambda: app.state.cloud.commands.line.ready)
        following = new_signer(tmp_path / "safe")
        async with commanded(site, mosquitto, enrolment) as there:
            changed_chain(key_file, [first.public_text, following.public_text], first)
            await becomes(lambda: newest(there.link._keys) == following.public_text)
        after = [new_signer(tmp_path / f"safe-{n}") for n in range(3)]
        newest_now, known = following, [first.public_text, following.public_text]
        for each in after:
            changed_chain(key_file, [*known, each.public_text], newest_now)
            changed_chain(key_file, [newest_now.public_text, each.public_text], each)
            newest_now, known = each, [newest_now.public_text, each.public_text]
        async with commanded(site, mosquitto, enrolment) as there:
            await becomes(lambda: there.link._keys.trust is not None and there.link._keys.trust.serial == 7)
            assert newest(there.link._keys) == after[-1].public_text

    url = settings.database_url.get_secret_value()
    known_by = environment(url, SIGNING_KEY_FILE=str(key_file))
    done = await asyncio.to_thread(typed, url, "signing", "list", "--json", variables=known_by)
    assert json.loads(done.stdout)["lots_followed"] + json.loads(done.stdout)["lots_behind"] == 1


async def test_what_one_lot_says_of_its_keys_ends_neither_the_news_nor_the_line_of_the_others(
    settings: CloudSettings,
    key_file: Path,
    lot: EnrolledLot,
    engine: AsyncEngine,
    tenant: str,
    database: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One lot's row meets what nobody foresaw; another's word is such that no store holds it."""
    monkeypatch.setattr(key_news, "LOOKS_EVERY_SECONDS", 0.1)
    async with engine.begin() as connection:
        odd, other = [LotId(await enrol_lot(connection, tenant, name, NOON)) for name in ("South", "West")]
    await database.execute(
        "CREATE FUNCTION unforeseen() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'unforeseen'; END $$"
    )
    await database.execute(
        f"CREATE TRIGGER unforeseen BEFORE INSERT ON lot_keys FOR EACH ROW WHEN (NEW.lot_id = '{odd}')"
        " EXECUTE FUNCTION unforeseen()"
    )
    metrics = Metrics()
    news = key_news.KeyNews(key_file, lambda topic, payload: True, engine, SystemClock(), metrics)
    running = asyncio.create_task(news.run())
    said = {id: KeysHeld(lot=id, serial=0, newest="0" * 16) for id in (odd, other, lot.id)}
    said[other] = said[other].model_copy(update={"newest": "a\0b"})
    for id, held in said.items():
        news.heard(id, news_of(id), pack(held))

    async def noted() -> bool:
        return [str(row["lot_id"]) for row in await database.fetch("SELECT lot_id FROM lot_keys")] == [lot.id]

    await at_ingest.becomes(noted)
    assert not running.done()
    assert metrics.registry.get_sample_value("parkgate_messages_dropped_total", {"why": "failed"}) == 1
    running.cancel()


def news_of(lot: LotId) -> str:
    return topics.down_ack(lot, key_news.KEYS)
