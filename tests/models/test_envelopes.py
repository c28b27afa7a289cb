"""Envelopes: what is packed is unpacked, and nothing that arrives can hurt."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from models.facts import Fact
from models.instants import Reading
from models.wire.chain import GENESIS, canonical
from models.wire.envelopes import (
    LARGEST,
    UNPACKED_BYTES,
    Ack,
    Beacon,
    Malformed,
    Window,
    body_text,
    pack,
    read_body,
    unpack,
)
from tests.models.happenings import LOT, READINGS, STREAM, any_fact, journal

KINDS: list[type[BaseModel]] = [Ack, Beacon, Window]
ACKS = st.builds(
    Ack,
    lot=st.just(LOT),
    stream=st.sampled_from(["ledger", "telemetry"]),
    stream_id=st.just(STREAM),
    seq=st.integers(0, LARGEST),
    hash=st.text(max_size=64),
)
HAPPENED = st.lists(st.tuples(any_fact(), READINGS), min_size=1, max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def a_window(happened: list[tuple[Fact, Reading]]) -> Window:
    return Window(lot=LOT, stream="ledger", stream_id=STREAM, previous=GENESIS, facts=journal(happened))


def readable(kind: type[BaseModel], payload: bytes) -> bool:
    """Whether it was an envelope. Anything but Malformed goes through to the test and fails it."""
    with suppress(Malformed):
        unpack(kind, payload)
        return True
    return False


@given(HAPPENED)
def test_a_window_arrives_as_it_was_sent(happened: list[tuple[Fact, Reading]]) -> None:
    window = a_window(happened)
    assert unpack(Window, pack(window)) == window


@given(ACKS)
def test_an_acknowledgement_arrives_as_it_was_sent(ack: Ack) -> None:
    assert unpack(Ack, pack(ack)) == ack


@given(st.sampled_from(KINDS), st.binary(max_size=200))
def test_noise_is_malformed(kind: type[BaseModel], noise: bytes) -> None:
    assert not readable(kind, noise)
    assert not readable(kind, zstandard.compress(noise))


@given(st.sampled_from(KINDS), JSON)
def test_json_that_is_no_envelope_is_malformed(kind: type[BaseModel], value: Any) -> None:
    assert not readable(kind, zstandard.compress(json.dumps(value).encode()))


@given(st.sampled_from(KINDS), HAPPENED, st.data())
def test_an_envelope_with_some_bytes_changed_never_does_worse_than_being_malformed(
    kind: type[BaseModel], happened: list[tuple[Fact, Reading]], data: st.DataObject
) -> None:
    payload = bytearray(pack(a_window(happened)))
    for _ in range(data.draw(st.integers(1, 4))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    readable(kind, bytes(payload))


@given(HAPPENED, st.data())
def test_an_envelope_that_was_cut_short_or_goes_on_is_malformed(
    happened: list[tuple[Fact, Reading]], data: st.DataObject
) -> None:
    payload = pack(a_window(happened))
    assert not readable(Window, payload[: data.draw(st.integers(0, len(payload) - 1))])
    assert not readable(Window, payload + data.draw(st.binary(min_size=1, max_size=20)))


@given(HAPPENED, st.sampled_from(["lot", "stream", "stream_id", "previous", "facts"]), JSON)
def test_a_window_whose_field_was_replaced_is_read_as_it_says_or_malformed(
    happened: list[tuple[Fact, Reading]], field: str, value: Any
) -> None:
    forged = {**json.loads(a_window(happened).model_dump_json()), field: value}
    readable(Window, zstandard.compress(json.dumps(forged).encode()))


@pytest.mark.parametrize("seq", [-1, LARGEST + 1, 2**200, 1.5, "many"])
def test_an_acknowledgement_of_a_number_that_no_store_can_hold_is_malformed(seq: object) -> None:
    said = {"v": 1, "lot": LOT, "stream": "ledger", "stream_id": STREAM, "seq": seq, "hash": "h"}
    assert not readable(Ack, zstandard.compress(json.dumps(said).encode()))


def test_an_envelope_of_a_later_version_is_not_half_understood() -> None:
    said = {"v": 2, "lot": LOT, "stream": "ledger", "stream_id": STREAM, "seq": 1, "hash": "h"}
    assert not readable(Ack, zstandard.compress(json.dumps(said).encode()))


@pytest.mark.parametrize("states_its_size", [True, False])
def test_a_bomb_is_refused_before_it_is_unpacked(states_its_size: bool) -> None:
    bomb = zstandard.ZstdCompressor(write_content_size=states_its_size).compressobj(
        size=64 * UNPACKED_BYTES if states_its_size else -1
    )
    payload = b"".join(bomb.compress(bytes(UNPACKED_BYTES)) for _ in range(64)) + bomb.flush()
    assert len(payload) < 64 * 1024
    assert not readable(Window, payload)


def test_the_largest_envelope_that_is_allowed_is_unpacked() -> None:
    padded = Ack(lot=LOT, stream="ledger", stream_id=STREAM, seq=1, hash="").model_dump_json()
    text = padded + " " * (UNPACKED_BYTES - len(padded))
    assert readable(Ack, zstandard.compress(text.encode()))
    assert not readable(Ack, zstandard.compress((text + " ").encode()))


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(-LARGEST, LARGEST)))
def test_a_body_is_read_as_it_was_written(body: dict[str, Any]) -> None:
    body = {name.replace("\0", ""): value for name, value in body.items()}
    assert read_body(canonical(body)) == body


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "3", "null", "{", '{"a":NaN}', '{"a":-Infinity}', "[" * 100_000, '{"a":' * 100_000),
        *('{"plate":"\\u0000"}', '{"plate":"\\ud800"}', '{"\\udfff":1}', '{"a":[{"b":"\\u0000"}]}'),
        '{"a":1' + "0" * 5000 + "}",
    ],
    ids=lambda text: text[:12] or "nothing",
)
def test_a_body_that_no_lot_writes_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        read_body(text)


@given(st.text(max_size=200))
def test_any_text_is_a_body_or_malformed(text: str) -> None:
    with suppress(Malformed):
        assert isinstance(read_body(text), dict)


def test_a_backslash_and_a_u_in_a_text_are_only_that() -> None:
    assert read_body(canonical({"detail": r"C:\users\u0000"})) == {"detail": r"C:\users\u0000"}


def test_a_fact_without_a_personal_part_has_no_commitment() -> None:
    assert body_text({"a": 1}, None, None) == '{"a":1}' == body_text({"a": 1}, "5a", {})
    assert '"personal":"' in body_text({"a": 1}, "5a", {"license_plate": None})
