"""Facts about the streams of facts themselves."""

from __future__ import annotations

from typing import Annotated

from models.facts.base import Fact
from models.ids import StreamId
from models.instants import Instant
from models.wire.bounds import COUNT, HASH, UUID, WORD


class StreamOpened(Fact, type="stream.opened", version=1):
    """The lot goes on in a new stream, of which this is the first fact; `why` is a word for it.

    `after_seq` and `after_hash`: the last fact of the stream `left` that lot and cloud both have. The lot stood at
    `head_seq` there; the next `carried` facts of the new stream are what it had written after that point.
    """

    left: Annotated[StreamId, UUID]
    after_seq: Annotated[int, COUNT]
    after_hash: Annotated[str, HASH]
    head_seq: Annotated[int, COUNT]
    head_hash: Annotated[str, HASH]
    carried: Annotated[int, COUNT]
    epoch: Annotated[int, COUNT]
    why: Annotated[str, WORD]
    at: Instant
