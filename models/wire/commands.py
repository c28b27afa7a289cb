"""Commands on the wire: the cloud asks, the lot offers a nonce, the cloud orders under it, the lot answers."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from models.commands import CommandEnd
from models.ids import LotId
from models.instants import Instant
from models.wire.bounds import COUNT, HASH, ID, NO_NUL, WORD

COMMAND_BYTES = 8 * 1024
"""The largest command, as published and as unpacked."""
LONGEST_NAME, LONGEST_REASON, LONGEST_SAID = 80, 300, 1000
LONGEST_SPOT, MOST_COUNTED = 40, 1_000_000


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1


class Hello(_Message):
    """Somebody is about to order something: under which nonce? `ask` is the asker's own word for this question."""

    ask: UUID


class Nonce(_Message):
    """The lot's answer. One command that carries it is taken, once, and only for so long."""

    lot: Annotated[LotId, ID]
    ask: UUID
    nonce: Annotated[str, HASH]
    good_for_ms: Annotated[int, COUNT]


class Command(_Message):
    """One order of one person. `kind` is text, so that a lot can say that it is too old for it.

    Of the commands about spots: `spot` is its number as painted, `level` a floor number or a name, `vehicles` how many
    were counted. `issued_at` is the cloud's time, for the records; a lot judges by its own offer alone.
    """

    id: UUID
    lot: LotId
    lane: str | None = Field(default=None, max_length=LONGEST_NAME, pattern=NO_NUL)
    kind: str = Field(max_length=40, pattern=NO_NUL)
    state: str | None = Field(default=None, max_length=40)
    plate: str | None = Field(default=None, max_length=40)
    spot: str | None = Field(default=None, max_length=LONGEST_SPOT)
    level: str | None = Field(default=None, max_length=LONGEST_NAME)
    vehicles: int | None = Field(default=None, ge=0, le=MOST_COUNTED)
    by: str = Field(min_length=1, max_length=LONGEST_NAME, pattern=NO_NUL)
    reason: str = Field(min_length=1, max_length=LONGEST_REASON, pattern=NO_NUL)
    nonce: str = Field(max_length=64)
    issued_at: Instant


class Answer(_Message):
    """What came of a command. `why` is the name of a CommandRefusal when the lot refused it."""

    lot: Annotated[LotId, ID]
    command: UUID
    end: CommandEnd
    said: str = Field(default="", max_length=LONGEST_SAID, pattern=NO_NUL)
    why: Annotated[str, WORD] | None = None
