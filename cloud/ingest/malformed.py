"""A message that isn't what its topic promises: counted, and shown to the lot's operator."""

from __future__ import annotations

import structlog

from cloud.ingest.broker import Arrived
from cloud.ingest.cases import Case, open_case_of_lot
from cloud.ingest.lasting import Database
from cloud.metrics import Metrics
from models.ids import LotId
from models.instants import Instant
from models.wire.envelopes import Malformed

log = structlog.get_logger(__name__)


async def refuse(
    database: Database, metrics: Metrics, lot: LotId, message: Arrived, wrong: Malformed, at: Instant
) -> None:
    # The reader's own words quote what it read, plates too.
    why = type(wrong.__cause__).__name__ if wrong.__cause__ else str(wrong)
    metrics.windows.labels("malformed").inc()
    log.warning("ingest.malformed", lot=lot, topic=message.topic, bytes=len(message.payload))
    case = Case("window_refused", message.topic.rpartition("/")[2], f"a message that can't be read: {why}")
    await database.does(lambda connection: open_case_of_lot(connection, lot, case, at))
