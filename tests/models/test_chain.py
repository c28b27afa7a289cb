"""The chain of hashes: whatever is changed in a fact, it no longer stands where it stood."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.facts import DaemonStarted, Fact, VehicleRegisteredV1
from models.ids import LotId, StreamId, VehicleId
from models.instants import Instant, Monotonic, Reading
from models.spots import VehicleType
from models.wire.chain import GENESIS, Chain, canonical, commitment, link
from models.wire.envelopes import SentFact
from tests.models.happenings import LOT, READINGS, SALT, STREAM, WHOLE, any_fact, journal, sent

AT = Reading("boot", Monotonic(7), Instant(1_795_000_000_000_000), True)
MET = sent(VehicleRegisteredV1(vehicle=VehicleId("v"), vehicle_type=VehicleType.REGULAR, license_plate="AB12CDE"), AT)

FORGED_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "seq": st.integers(1, 2**63 - 1),
    "type": st.text(max_size=20),
    "version": WHOLE,
    "boot_id": st.text(max_size=40),
    "monotonic": WHOLE,
    "wall": WHOLE,
    "synced": st.booleans(),
    "body": st.text(max_size=200),
    "hash": st.text(max_size=64),
}


def stands(fact: SentFact, previous: str = GENESIS) -> bool:
    return fact.follows(previous, LOT, "ledger", STREAM)


@given(st.lists(st.tuples(any_fact(), READINGS), max_size=5))
def test_every_fact_follows_the_one_before(happened: list[tuple[Fact, Reading]]) -> None:
    previous = GENESIS
    for fact in journal(happened):
        assert stands(fact, previous)
        previous = fact.hash


def test_the_hash_of_a_fact_is_the_same_on_every_machine_for_ever() -> None:
    started = sent(DaemonStarted(release="0.1.0", at=Instant(5)), AT)
    assert started.hash == "8ebfb60bcc9fffc116d5110098ccaf7e28707f6f32c2e6379e8439233bad4a85"
    assert MET.hash == "455cac28cf092f5fb399cf00b5af6a9adcfedd346caa4aa831ae0fd4f65dc655"


@given(st.text(max_size=20), any_fact(), READINGS)
def test_what_is_hashed_is_the_canonical_list_of_everything_that_is_not_personal(
    previous: str, fact: Fact, at: Reading
) -> None:
    when = [at.boot_id, at.monotonic, at.wall, at.synced]
    body = canonical(fact.body())
    listed = canonical([previous, LOT, fact.stream, STREAM, 7, fact.type, fact.version, *when, body])
    hashed = link(previous, LOT, fact.stream, STREAM, 7, fact.type, fact.version, at, body)
    assert hashed == hashlib.sha256(listed.encode()).hexdigest()


@given(any_fact(), READINGS, st.data())
def test_any_changed_field_breaks_the_chain(fact: Fact, at: Reading, data: st.DataObject) -> None:
    true = sent(fact, at)
    field = data.draw(st.sampled_from(sorted(FORGED_FIELDS)))
    forged = data.draw(FORGED_FIELDS[field].filter(lambda value: value != getattr(true, field)))
    assert not stands(true.model_copy(update={field: forged}))


@given(any_fact(), READINGS, st.data())
def test_any_changed_character_of_the_body_breaks_the_chain(fact: Fact, at: Reading, data: st.DataObject) -> None:
    true = sent(fact, at)
    place = data.draw(st.integers(0, len(true.body) - 1))
    other = data.draw(st.characters().filter(lambda character: character != true.body[place]))
    assert not stands(true.model_copy(update={"body": true.body[:place] + other + true.body[place + 1 :]}))


@pytest.mark.parametrize(
    ("previous", "lot", "stream", "stream_id"),
    [
        ("f" * 64, LOT, "ledger", STREAM),
        (GENESIS, LotId("another lot"), "ledger", STREAM),
        (GENESIS, LOT, "telemetry", STREAM),
        (GENESIS, LOT, "ledger", StreamId("another stream")),
    ],
)
def test_a_fact_stands_in_one_place_of_one_lots_one_stream(
    previous: str, lot: LotId, stream: Any, stream_id: StreamId
) -> None:
    assert stands(MET)
    assert not MET.follows(previous, lot, stream, stream_id)


@given(any_fact(), READINGS)
def test_a_fact_whose_personal_part_was_erased_still_follows(fact: Fact, at: Reading) -> None:
    assert stands(sent(fact, at).model_copy(update={"personal": None, "salt": None}))
    assert stands(sent(fact, at).model_copy(update={"personal": None}))


@pytest.mark.parametrize(
    "forged",
    [
        {"personal": {"license_plate": "AB12CDF"}},
        {"personal": {"license_plate": None}},
        {"personal": {}},
        {"personal": {"license_plate": "AB12CDE", "vehicle": "v2"}},
        {"salt": "00" * 16},
        {"salt": None},
        {"personal": {"license_plate": float("nan")}},
    ],
    ids=str,
)
def test_a_forged_personal_part_does_not_follow(forged: dict[str, Any]) -> None:
    assert not stands(MET.model_copy(update=forged))


def test_a_personal_part_for_a_fact_that_has_none_does_not_follow() -> None:
    started = sent(DaemonStarted(release="0.1.0", at=Instant(5)), AT)
    assert not stands(started.model_copy(update={"personal": {"license_plate": "AB12CDE"}, "salt": SALT}))


def test_a_commitment_can_not_stand_inside_another_text() -> None:
    """A release name that looks like the commitment is only a name: its quotes are escaped."""
    plate = {"license_plate": "AB12CDE"}
    sly = DaemonStarted(release=f'","personal":"{commitment(SALT, plate)}"', at=Instant(5))
    assert not stands(sent(sly, AT).model_copy(update={"personal": plate, "salt": SALT}))


@given(st.dictionaries(st.text(), st.none() | st.booleans() | WHOLE | st.text()))
def test_a_value_has_one_canonical_text(value: dict[str, Any]) -> None:
    shuffled = dict(reversed(value.items()))
    assert canonical(value) == canonical(shuffled)


@given(READINGS, READINGS)
def test_two_moments_never_share_a_hash(one: Reading, other: Reading) -> None:
    hashes = {link(GENESIS, LOT, "ledger", STREAM, 1, "t", 1, at, "{}") for at in (one, other)}
    assert len(hashes) == len({one, other})


@given(st.dictionaries(st.text(), st.text() | st.integers() | st.none(), max_size=2))
def test_the_canonical_text_is_that_of_json(value: dict[str, Any]) -> None:
    assert canonical(value) == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_a_chain_is_of_its_own_stream_and_its_words_are_its_own() -> None:
    chain, other = Chain(LOT, "ledger", STREAM), Chain(LOT, "ledger", "another")
    assert MET.continues(GENESIS, chain)
    assert MET.continues(GENESIS, chain)
    assert not MET.continues(GENESIS, other)
    assert not MET.model_copy(update={"type": "ticket.opened"}).continues(GENESIS, chain)
    assert not MET.model_copy(update={"boot_id": "another"}).continues(GENESIS, chain)
