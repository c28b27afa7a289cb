"""What the link to the cloud is made of: parts that each have their own topics, and share one connection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class LinkPart(Protocol):
    """One thing that goes on between the lot and the cloud. All of it happens on the event loop."""

    @property
    def topics(self) -> Sequence[str]:
        """What it listens to."""
        ...

    async def run(self) -> None:
        """Until cancelled."""
        ...

    def connected(self) -> None:
        """The link is up, perhaps again."""
        ...

    def taken(self) -> None:
        """The broker has confirmed a message: there is room for another."""
        ...

    def heard(self, topic: str, payload: bytes) -> None:
        """A message, never a retained one."""
        ...
