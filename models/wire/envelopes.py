"""The envelopes on the wire: JSON, compressed with zstd, bounded on the way in."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal, TypeVar, cast

import zstandard
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.instants import Instant, Monotonic, Reading
from models.retention import Why
from models.wire.bounds import COUNT, HASH, ID, LARGEST, NUMBER, TEXT, WORD
from models.wire.chain import Chain, canonical, commitment

WIRE_VERSION = 1
WINDOW_BYTES = 64 * 1024
"""The largest envelope, as published."""
UNPACKED_BYTES = 4 * 1024 * 1024
"""The most that one envelope may unpack to: a compressed bomb is refused, not unpacked."""


class Malformed(ValueError):
    """The bytes aren't an envelope that this side can read."""


class SentFact(BaseModel):
    """One journal row as it travels. `body` is the canonical text that was hashed."""

    model_config = ConfigDict(frozen=True)

    seq: int = Field(ge=1, le=LARGEST)
    type: Annotated[str, WORD]
    version: Annotated[int, NUMBER]
    boot_id: Annotated[str, WORD]
    monotonic: Annotated[Monotonic, NUMBER]
    wall: Annotated[Instant, NUMBER]
    synced: bool
    body: Annotated[str, TEXT]
    salt: Annotated[str, WORD] | None = None
    personal: dict[str, Any] | None = None
    hash: Annotated[str, HASH]

    @property
    def at(self) -> Reading:
        return Reading(self.boot_id, self.monotonic, self.wall, self.synced)

    def follows(self, previous: str, lot: LotId, stream: Stream, stream_id: StreamId) -> bool:
        """Whether the hash is right for this place in the chain, and the personal part for its commitment."""
        return self.continues(previous, Chain(lot, stream, stream_id))

    def continues(self, previous: str, chain: Chain) -> bool:
        """The same, of one of many facts of a stream."""
        when = (self.boot_id, self.monotonic, self.wall, self.synced)
        hash = chain.link(previous, self.seq, self.type, self.version, *when, self.body)
        return self.hash == hash and (self.personal is None or self._committed(self.personal))

    def _committed(self, personal: dict[str, Any]) -> bool:
        """Whether the body holds the commitment to this personal part."""
        try:
            return self.salt is not None and f'"personal":"{commitment(self.salt, personal)}"' in self.body
        except ValueError:
            return False  # a number such as NaN, which no lot writes


class Tombstone(BaseModel):
    """Stands for facts that their lot has dropped: those up to number `last` will never come.

    It asks for no proof, for the lot itself has nothing left to prove it with. In the ledger, where only what the cloud
    has had for long is dropped, it stands only where the cloud has lost that since; there it is a case for a person.
    """

    model_config = ConfigDict(frozen=True)

    last: int = Field(ge=1, le=LARGEST)
    why: Why


class Window(BaseModel):
    """A run of facts without a gap, going up. `previous` is the hash before the first of them.

    `epoch` counts the lot's enrolments. `session` comes back in the acknowledgement. `dropped`: what the other side
    lacks up to the first of them, it will never get.
    """

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: Annotated[LotId, ID]
    stream: Stream
    stream_id: Annotated[StreamId, ID]
    previous: Annotated[str, HASH]
    epoch: int = Field(default=1, ge=1, lt=2**31)
    session: Annotated[str, HASH] | None = None
    facts: tuple[SentFact, ...] = Field(min_length=1)
    dropped: Tombstone | None = None


class Ack(BaseModel):
    """How far the other side has applied a stream, going down. Cumulative; also asks for what comes next.

    `seq` 0 says that nothing of this stream has been applied. `session` is that of the window which it answers.
    """

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: LotId
    stream: Stream
    stream_id: StreamId
    seq: int = Field(ge=0, le=LARGEST)
    hash: str
    session: str | None = None


_TotalAndAvailable = tuple[Annotated[int, NUMBER], Annotated[int, NUMBER]]


class LaneNow(BaseModel):
    """What one lane is doing at this moment. `state`: whom it lets in; `hold`: why its arm is kept up, if it is."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, WORD]
    direction: Annotated[str, WORD]
    phase: Annotated[str, WORD]
    barrier: Annotated[str, WORD]
    faults: tuple[Annotated[str, WORD], ...] = ()
    state: Annotated[str, WORD] = "open"
    hold: Annotated[str, WORD] | None = None


class Beacon(BaseModel):
    """The lot's present state: retained, replaceable, ahead of any backlog.

    `available` and `total` are counts by level floor number and by spot type. An envelope with `online`
    false and nothing else is the lot's will.
    """

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: Annotated[LotId, ID]
    online: bool
    at: Annotated[Instant, COUNT] | None = None
    release: Annotated[str, WORD] | None = None
    boot_id: Annotated[str, WORD] | None = None
    available: Annotated[int, NUMBER] | None = None
    total: Annotated[int, NUMBER] | None = None
    by_level: dict[Annotated[str, WORD], _TotalAndAvailable] = Field(
        default={}, description="floor -> (total, available)"
    )
    by_type: dict[Annotated[str, WORD], _TotalAndAvailable] = Field(
        default={}, description="spot type -> (total, available)"
    )
    by_zone: dict[Annotated[str, WORD], _TotalAndAvailable] = Field(
        default={}, description="zone, with those around it, such as Staff/Directors -> (total, available)"
    )
    lanes: tuple[LaneNow, ...] = ()
    backlog: Annotated[int, COUNT] | None = Field(
        default=None, description="ledger facts that the cloud hasn't acknowledged"
    )


_COMPRESSOR_LEVEL = 3
_Envelope = TypeVar("_Envelope", bound=BaseModel)


def pack(envelope: BaseModel) -> bytes:
    return zstandard.ZstdCompressor(level=_COMPRESSOR_LEVEL).compress(envelope.model_dump_json().encode())


def unpack(kind: type[_Envelope], payload: bytes, most: int = UNPACKED_BYTES) -> _Envelope:
    """Raises Malformed for anything but an envelope of this kind; never unpacks more than `most` bytes."""
    try:
        # max_output_size only binds a frame that doesn't state its size; one that does would be unpacked whole.
        stated = zstandard.get_frame_parameters(payload).content_size
        if stated != zstandard.CONTENTSIZE_UNKNOWN and stated > most:
            raise Malformed(f"would unpack to {stated} bytes")
        text = zstandard.ZstdDecompressor().decompress(payload, max_output_size=most, allow_extra_data=False)
        return kind.model_validate_json(text)
    except (zstandard.ZstdError, ValidationError, ValueError) as wrong:
        raise Malformed(f"not a {kind.__name__.lower()}: {wrong}") from wrong


def body_text(body: dict[str, Any], salt: str | None, personal: dict[str, Any] | None) -> str:
    """The canonical text of a fact's body, with the commitment to its personal part when there is one."""
    if salt is None or not personal:
        return canonical(body)
    return canonical({**body, "personal": commitment(salt, personal)})


def read_body(text: str) -> dict[str, Any]:
    """Raises Malformed when the text isn't a JSON object that a lot writes and every store can hold."""
    try:
        value = _BODY.decode(text)
        # Only an escape can stand for what the text itself couldn't carry.
        storable = "\\u" not in text or _storable(value)
    except (ValueError, RecursionError) as wrong:
        raise Malformed(f"a fact's body isn't JSON: {wrong}") from wrong
    if not isinstance(value, dict):
        raise Malformed("a fact's body isn't a JSON object")
    if not storable:
        raise Malformed("a fact's body holds NUL or half a character")
    return value  # pyright: ignore[reportUnknownVariableType]


_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def _storable(value: Any) -> bool:
    """Whether every store can hold its texts: no NUL, and no half of a character."""
    if isinstance(value, dict):
        return all(_storable(part) for pair in cast("dict[str, Any]", value).items() for part in pair)
    if isinstance(value, list):
        return all(_storable(part) for part in cast("list[Any]", value))
    return not isinstance(value, str) or _UNSTORABLE.search(value) is None


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} isn't a number that a fact holds")


_BODY = json.JSONDecoder(parse_constant=_no_number)
