"""Facts that help to look after a lot. They stand in a stream of their own, and may be dropped to save space."""

from __future__ import annotations

from models.facts.base import Fact
from models.ids import LaneName, StreamId
from models.instants import Instant


class LaneTimed(Fact, type="lane.timed", version=1, stream="telemetry"):
    """How one lane fared from `since` to `until`. Milliseconds; None where nothing was measured.

    `vends`: how often the arm was told to rise. `to_vend`: from the certain plate to that order. `to_up`: from the
    order to an arm that says it is up. Loops are counted by their changes.
    """

    lane: LaneName
    since: Instant
    until: Instant
    vends: int
    to_vend_median: int | None
    to_vend_most: int | None
    to_up_median: int | None
    to_up_most: int | None
    arming_loop_changes: int
    closing_loop_changes: int


class MachineMeasured(Fact, type="machine.measured", version=1, stream="telemetry"):
    """The lot's machine at one moment. Sizes in bytes; the temperature is the warmest part's, None where none says."""

    at: Instant
    disk_free: int
    disk_total: int
    store_bytes: int
    millidegrees: int | None


class TelemetryBegun(Fact, type="telemetry.begun", version=1, stream="telemetry"):
    """The first fact of a telemetry that follows another one (`after`) which the cloud knew otherwise than the lot."""

    after: StreamId
    at: Instant


class LinkInterrupted(Fact, type="link.interrupted", version=1, stream="telemetry"):
    """The cloud was out of reach; written when it is in reach again."""

    since: Instant
    until: Instant
