"""The cloud with the fence of its ingest off, for the negative control: each process believes that all lots are its
own, and nothing keeps two of them from applying one window at once."""

from __future__ import annotations

from cloud.cli import main
from cloud.ingest import apply, together
from cloud.ingest.shares import Shares
from cloud.ingest.sharing import ALL


async def _all_are_mine(self: Shares) -> None:
    while True:
        self._hold(ALL)
        await self._clock.sleep(1)


apply.FENCE = together.FENCE = ""
Shares.run = _all_are_mine  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
