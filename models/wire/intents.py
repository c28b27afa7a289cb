"""How intents travel: deltas by revision, snapshots in parts, and what a lot says of how far it has taken them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.ids import LotId
from models.instants import Instant
from models.intents.base import Intent
from models.wire.bounds import COUNT, HASH, ID, LARGEST, NO_NUL, NUMBER, TEXT, WORD
from models.wire.chain import GENESIS, canonical, commitment
from models.wire.envelopes import body_text

INTENTS = "intents"
SNAPSHOT = "snapshot"
"""The streams' names in topics (`models.wire.topics.down`)."""
MOST_PARKED = 50
"""Parked intents that a lot names; it says how many there are besides."""
MOST_PARTS = 2000
LONGEST_WHY = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """How far a lot's intents have come: the last one's revision, and the hash over all up to it."""

    revision: int
    hash: str


START = Place(0, GENESIS)


class SentIntent(BaseModel):
    """One intent as it travels. `subject` and `ends` stand beside the body, so that a lot can keep its policy in order
    without understanding it. `body` None: it was withheld, for this lot says that it can't run it."""

    model_config = ConfigDict(frozen=True)

    revision: int = Field(ge=1, le=LARGEST)
    type: Annotated[str, WORD]
    version: Annotated[int, NUMBER]
    subject: Annotated[str, WORD]
    ends: bool
    at: Annotated[Instant, NUMBER]
    body: Annotated[str, TEXT] | None
    salt: Annotated[str, WORD] | None = None
    personal: dict[str, Any] | None = None
    digest: Annotated[str, HASH]

    @property
    def entry(self) -> tuple[str, int, str]:
        """What a checksum covers of it."""
        return self.subject, self.revision, self.digest

    def withheld(self) -> SentIntent:
        return self.model_copy(update={"body": None, "salt": None, "personal": None})

    def is_right(self, lot: LotId) -> bool:
        """Whether the digest is that of its text, and the personal part is what the text commits to."""
        if self.body is None:
            return True  # its digest is the cloud's signed word
        mine = digest(lot, self.revision, self.type, self.version, self.subject, self.ends, self.at, self.body)
        return mine == self.digest and (self.personal is None or self._committed(self.personal))

    def _committed(self, personal: dict[str, Any]) -> bool:
        stated = json.loads(self.body or "{}").get("personal")
        return self.salt is not None and stated == commitment(self.salt, personal)


class Intents(BaseModel):
    """A run of intents without a gap, going down. `previous` is the hash at revision `after`; `head` the last revision
    that there is. With no intents it only says how far the lot should be. `tell`: the
    lot is asked for all that stands there."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: LotId
    after: int = Field(ge=0, le=LARGEST)
    previous: str
    intents: tuple[SentIntent, ...] = ()
    head: int = Field(ge=0, le=LARGEST)
    tell: bool = False


class SnapshotPart(BaseModel):
    """One of `parts` pieces of all that stands at `revision`; `checksum` is that of the whole."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: Annotated[LotId, ID]
    revision: Annotated[int, COUNT]
    hash: Annotated[str, HASH]
    checksum: Annotated[str, HASH]
    part: int = Field(ge=1, le=MOST_PARTS)
    parts: int = Field(ge=1, le=MOST_PARTS)
    entries: tuple[SentIntent, ...] = ()


class ParkedIntent(BaseModel):
    """An intent that a lot keeps and can't apply, and why not. The reason holds nothing personal."""

    model_config = ConfigDict(frozen=True)

    revision: Annotated[int, COUNT]
    type: Annotated[str, WORD]
    version: Annotated[int, NUMBER]
    why: str = Field(max_length=LONGEST_WHY, pattern=NO_NUL)


class Taken(BaseModel):
    """How far a lot has taken its intents, going up: also the first thing that it says when its link is up.

    `checksum` covers all that stands at the lot, worked out anew from what it has stored. `understands`: the versions
    of each type; `dialects`: of the tariff language. `wants`: what it needs to go on. `hello`: it asks to
    be answered, for it doesn't know whether it is heard.
    """

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: Annotated[LotId, ID]
    release: Annotated[str, WORD]
    revision: Annotated[int, COUNT]
    hash: Annotated[str, HASH]
    checksum: Annotated[str, HASH]
    understands: dict[Annotated[str, WORD], tuple[Annotated[int, NUMBER], ...]]
    dialects: tuple[Annotated[int, NUMBER], ...]
    parked: tuple[ParkedIntent, ...] = Field(default=(), max_length=MOST_PARKED)
    parked_in_all: Annotated[int, COUNT] = 0
    withheld: tuple[Annotated[int, COUNT], ...] = Field(default=(), max_length=MOST_PARKED)
    wants: Literal["nothing", "deltas", "snapshot"] = "nothing"
    hello: bool = False

    @property
    def place(self) -> Place:
        return Place(self.revision, self.hash)


def sealed_text(intent: Intent, salt: str) -> tuple[str, str | None, dict[str, Any] | None]:
    """Body, salt and personal part of an intent as they are stored and sent; `salt` is for one that has such a part."""
    body, personal = intent.parts()
    kept = salt if personal else None
    return body_text(body, kept, personal), kept, personal or None


def digest(lot: LotId, revision: int, type: str, version: int, subject: str, ends: bool, at: Instant, body: str) -> str:
    """Hex SHA-256 over everything of one intent that isn't personal."""
    return _sha256(canonical(["intent", lot, revision, type, version, subject, ends, at, body]))


def chained(previous: str, digest: str) -> str:
    """The hash over all intents up to one, from the hash before it."""
    return _sha256(canonical([previous, digest]))


def checksum(entries: Iterable[tuple[str, int, str]]) -> str:
    """Hex SHA-256 of all that stands: the subject, revision and digest of each intent."""
    return _sha256(canonical(sorted(map(list, entries))))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
