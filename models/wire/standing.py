"""Where a stream stands: the lot asks, and only the cloud's answer may move it back or to a new stream."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.facts.base import Stream
from models.ids import LotId, StreamId
from models.wire.bounds import COUNT, HASH, ID, LARGEST, NO_NUL

MOST_MARKS = 256


class Mark(BaseModel):
    """One of the lot's facts, by number and hash."""

    model_config = ConfigDict(frozen=True)

    seq: int = Field(ge=1, le=LARGEST)
    hash: Annotated[str, HASH]


class Ask(BaseModel):
    """The lot asks how much of a stream the cloud has. `acked` is what it was told; `marks` are some of its facts, in
    order. `nonce` is good for one answer: what was said before, to anybody, answers nothing."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: Annotated[LotId, ID]
    stream: Stream
    stream_id: Annotated[StreamId, ID]
    epoch: int = Field(default=1, ge=1, lt=2**31)
    nonce: str = Field(min_length=16, max_length=64, pattern=NO_NUL)
    acked: Annotated[int, COUNT]
    head: Annotated[int, COUNT]
    marks: tuple[Mark, ...] = Field(default=(), max_length=MOST_MARKS)


class Standing(StrEnum):
    """What a stream is to the cloud. A word never changes its meaning."""

    CURRENT = "current"
    """The lot's stream; also one that the cloud hasn't heard of, or has forgotten."""
    LEFT = "left"
    """The lot went on in another stream, or was enrolled anew: it has to open a new one."""
    RIVAL = "rival"
    """Another computer goes on from an earlier point of this stream. What comes on it is kept apart."""
    OUTDATED = "outdated"
    """The lot was enrolled anew since, on another computer. What comes is kept apart."""


class Answer(BaseModel):
    """`seq` and `hash`: the last fact of the stream that the cloud has, 0 for none. `agrees`: the highest of the marks
    that it has with the same hash, 0 when there is none. `enrolled_anew`: it was the lot's stream until this enrolment,
    and no other came between."""

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: LotId
    stream: Stream
    stream_id: StreamId
    nonce: str
    standing: Standing
    seq: int = Field(ge=0, le=LARGEST)
    hash: str
    agrees: int = Field(ge=0, le=LARGEST)
    enrolled_anew: bool = False
