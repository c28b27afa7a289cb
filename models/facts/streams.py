"""Facts about the streams of facts themselves."""

from __future__ import annotations

from models.facts.base import Fact
from models.ids import StreamId
from models.instants import Instant


class StreamOpened(Fact, type="stream.opened", version=1):
    """The lot goes on in a new stream, of which this is the first fact; `why` is a word for it.

    `after_seq` and `after_hash`: the last fact of the stream `left` that lot and cloud both have. The lot stood at
    `head_seq` there; the next `carried` facts of the new stream are what it had written after that point.
    """

    left: StreamId
    after_seq: int
    after_hash: str
    head_seq: int
    head_hash: str
    carried: int
    epoch: int
    why: str
    at: Instant
