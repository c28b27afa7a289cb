"""Whatever a lot sends can be stored: no text of it has NUL or no end, no number more than 64 bits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from models.wire import commands, intents, keys, restoring, standing, state_snapshots
from models.wire.bounds import LARGEST
from models.wire.envelopes import Beacon, Malformed, Window, pack, unpack
from models.wire.keys import KeysHeld
from tests.cloud.lots import an_id

FROM_A_LOT: tuple[type[BaseModel], ...] = (
    Window,
    Beacon,
    standing.Ask,
    restoring.RestoreAsked,
    state_snapshots.SnapshotPart,
    intents.Taken,
    intents.SnapshotPart,
    keys.KeysHeld,
    commands.Nonce,
    commands.Answer,
)
UNREAD = {"personal"}
"""Kept as the text of its JSON, in which NUL is escaped; its fields are judged when a fact is read."""


def unbounded(schema: Any, at: str = "") -> Iterator[str]:
    """Where a value could be more than a store holds."""
    if isinstance(schema, list):
        for part in schema:
            yield from unbounded(part, at)
    if not isinstance(schema, dict):
        return
    closed = schema.keys() & {"enum", "const"} or schema.get("format") == "uuid"
    if schema.get("type") == "string" and not closed and not {"maxLength", "pattern"} <= schema.keys():
        yield at
    has_end = schema.keys() & {"maximum", "exclusiveMaximum"} and "minimum" in schema
    if schema.get("type") == "integer" and not closed and not has_end:
        yield at
    if schema.get("type") == "object" and "additionalProperties" in schema and "properties" not in schema:
        if at.rpartition(".")[2] in UNREAD:
            return
        if not {"maxLength", "pattern"} <= schema.get("propertyNames", {}).keys():
            yield f"{at} (a name)"
    for name, part in schema.items():
        if name in ("properties", "$defs"):
            for field, of_field in part.items():
                yield from unbounded(of_field, f"{at}.{field}")
        else:
            yield from unbounded(part, at)


@pytest.mark.parametrize("kind", FROM_A_LOT)
def test_every_field_that_a_lot_fills_has_an_end(kind: type[BaseModel]) -> None:
    assert list(unbounded(kind.model_json_schema())) == []


def test_the_control_finds_a_field_without_an_end() -> None:
    class Careless(BaseModel):
        name: str
        lanes: dict[str, int]
        seq: int

    assert list(unbounded(Careless.model_json_schema())) == [".name", ".lanes (a name)", ".lanes", ".seq"]


@pytest.mark.parametrize("newest", ["a\0b", "x" * 65])
def test_a_word_with_nul_or_without_end_is_no_envelope(newest: str) -> None:
    good = KeysHeld.model_validate({"lot": an_id(), "serial": 1, "newest": "0" * 16})
    assert unpack(KeysHeld, pack(good)) == good
    with pytest.raises(Malformed):
        unpack(KeysHeld, pack(good.model_copy(update={"newest": newest})))


@pytest.mark.parametrize("field", [{"backlog": 10**26}, {"backlog": -1}, {"at": -(10**26)}, {"at": LARGEST + 1}])
def test_a_beacon_with_a_number_that_no_store_holds_is_none(field: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Beacon.model_validate({"lot": an_id(), "online": True, **field})
