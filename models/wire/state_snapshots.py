"""Snapshots of a lot's state: what the cloud asks for when the two differ, and what goes up in answer.

A snapshot is of one point of the lot's stream. It is cut into parts that fit into an envelope each, numbered from 0;
every part says how many there are and what all their bodies hash to, so that none can be missing or altered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.digests import COLUMNS, PERSONAL
from models.effects import Table, Value
from models.facts.digests import BEFORE_ALL, Part
from models.ids import LotId, StreamId
from models.wire.bounds import HASH, ID, LARGEST, NUMBER, TEXT
from models.wire.chain import canonical
from models.wire.envelopes import Malformed

MOST_PARTS = 100_000
PARTS_AHEAD = 8
"""So many parts may be under way beyond those that the cloud said it has."""


class SnapshotWanted(BaseModel):
    """The cloud wants these parts of the lot's tables, and has the first `have` parts of `snapshot` already."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: LotId
    resync: str
    layout: int
    wanted: tuple[Part, ...]
    snapshot: str | None = None
    have: int = Field(default=0, ge=0, le=MOST_PARTS)


class SnapshotPart(BaseModel):
    """Part `number` of `parts`. The lot stood at `seq` of `stream_id`, whose hash there was `hash`. Up to the id
    `oldest` it may lack rows that there were: it has forgotten them, or its store began after them."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: Annotated[LotId, ID]
    resync: Annotated[str, ID]
    snapshot: Annotated[str, HASH]
    layout: Annotated[int, NUMBER]
    stream_id: Annotated[StreamId, ID]
    seq: int = Field(ge=1, le=LARGEST)
    hash: Annotated[str, HASH]
    oldest: Annotated[str, ID]
    number: int = Field(ge=0, lt=MOST_PARTS)
    parts: int = Field(ge=1, le=MOST_PARTS)
    checksum: Annotated[str, HASH]
    body: Annotated[str, TEXT]


class Rows(BaseModel):
    """The body of a part: rows of one table, each in the order of `columns_sent`.

    `all`: that is the table. `run`: all rows with ids after `after`, up to and with `to`. `named`: rows that others
    refer to, and nothing about those that aren't there.
    """

    model_config = ConfigDict(frozen=True)

    table: Table
    which: Literal["all", "run", "named"]
    after: str = BEFORE_ALL
    to: str | None = None
    rows: tuple[tuple[Value, ...], ...]

    @property
    def by_id(self) -> dict[str, dict[str, Value]]:
        columns = columns_sent(self.table)
        return {str(row[0]): dict(zip(columns, row, strict=True)) for row in self.rows}


def columns_sent(table: Table) -> tuple[str, ...]:
    """The columns of a table as they stand in a snapshot's rows."""
    return ("id", *COLUMNS[table], *PERSONAL.get(table, ()))


def body_of(rows: Rows) -> str:
    return canonical(rows.model_dump())


def read_rows(body: str) -> Rows:
    """Raises Malformed."""
    try:
        value: Any = json.loads(body)
        rows = Rows.model_validate(value)
        width = len(columns_sent(rows.table))
    except (ValueError, ValidationError, RecursionError, KeyError) as wrong:
        raise Malformed(f"not rows of a snapshot ({type(wrong).__name__})") from None
    if any(len(row) != width for row in rows.rows):
        raise Malformed(f"a row of {rows.table} has too many values or too few")
    return rows


def checksum(bodies: Iterable[str]) -> str:
    """Hex SHA-256 over the bodies in order, each with its length, so that none can lend the next its end."""
    running = hashlib.sha256()
    for body in bodies:
        encoded = body.encode()
        running.update(f"{len(encoded)}:".encode())
        running.update(encoded)
    return running.hexdigest()
