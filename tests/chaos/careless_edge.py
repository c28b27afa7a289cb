"""The edge daemon with its safeguard off, for the negative control: it believes that published means arrived."""

from __future__ import annotations

import asyncio

from edge.cli import main
from edge.store import journal
from edge.sync.cursor import Cursor, resumed
from edge.sync.reckoning import Reckoning
from edge.sync.uplink import Filled, Uplink

_publish = Uplink._publish
_PENDING: list[asyncio.Future[None]] = []


def _publish_and_forget(self: Uplink, cursor: Cursor, filled: Filled) -> bool:
    sent = _publish(self, cursor, filled)
    if sent:
        last = filled.window.facts[-1].seq
        self._cursor = resumed(cursor.stream_id, last, last)
        marked = self._store.write(
            lambda tx: journal.mark_acked(tx.connection, self._stream, cursor.stream_id, last, tx.at)
        )
        _PENDING.append(asyncio.ensure_future(marked))
    return sent


async def never_asks(self: Reckoning) -> None:
    """Asking the cloud where it stands would bring back what was taken for applied."""
    await asyncio.Event().wait()


Uplink._publish = _publish_and_forget  # type: ignore[method-assign]
Reckoning.run = never_asks  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
