"""What has happened has happened: it is written as soon as the store can, however long that takes."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from edge.store.database import Store, StoreUnavailable
from edge.store.transaction import Transaction
from models.instants import Clock

_LOG = structlog.get_logger("edge.store")
_RETRY_SECONDS = 2.0


async def keep_writing(
    store: Store,
    decision: Callable[[Transaction], None],
    clock: Clock,
    troubled: Callable[[], None] = lambda: None,
    *,
    spare_reserve: bool = False,
) -> None:
    """Returns when it is written; `troubled` is called each time it couldn't be. What the decision itself raises
    (a contradiction) passes through. `spare_reserve`: it waits while only what is kept for exits has room."""
    while True:
        try:
            return await store.write(decision, spare_reserve=spare_reserve)
        except StoreUnavailable as wrong:
            _LOG.error("store.not_recorded_yet", why=str(wrong))
            troubled()
            await clock.sleep(_RETRY_SECONDS)
