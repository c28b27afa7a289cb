"""Commands on the wire: the cloud asks, the lot offers a nonce, the cloud orders under it, the lot answers."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from models.commands import CommandEnd
from models.ids import LotId
from models.instants import Instant

_TEXT = r"^[^\x00]*$"
"""No store holds the character NUL."""
COMMAND_BYTES = 8 * 1024
"""The largest command, as published and as unpacked."""
LONGEST_NAME, LONGEST_REASON = 80, 300


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1


class Hello(_Message):
    """Somebody is about to order something: under which nonce? `ask` is the asker's own word for this question."""

    ask: UUID


class Nonce(_Message):
    """The lot's answer. One command that carries it is taken, once, and only for so long."""

    lot: LotId
    ask: UUID
    nonce: str
    good_for_ms: int


class Command(_Message):
    """One order of one person. `kind` is text, so that a lot can say that it is too old for it.

    `issued_at` is the cloud's time, for the records; a lot judges by its own offer alone.
    """

    id: UUID
    lot: LotId
    lane: str | None = Field(default=None, max_length=LONGEST_NAME, pattern=_TEXT)
    kind: str = Field(max_length=40, pattern=_TEXT)
    state: str | None = Field(default=None, max_length=40)
    plate: str | None = Field(default=None, max_length=40)
    by: str = Field(min_length=1, max_length=LONGEST_NAME, pattern=_TEXT)
    reason: str = Field(min_length=1, max_length=LONGEST_REASON, pattern=_TEXT)
    nonce: str = Field(max_length=64)
    issued_at: Instant


class Answer(_Message):
    """What came of a command. `why` is the name of a CommandRefusal when the lot refused it."""

    lot: LotId
    command: UUID
    end: CommandEnd
    said: str = ""
    why: str | None = None
