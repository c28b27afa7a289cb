"""The line between a lot's parts and a digital twin: ordered words both ways, carried by the daemon's lock-step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

TWIN = "twin"
"""What a technician writes after `driver:`."""
LINE = "twin"
"""Under this key of `DriverContext.shared` lies the line, put there by a daemon that runs in lock-step."""

Heard = Callable[[Any], None]
Word = tuple[str, str, Any]
"""Part, what it says, and the detail."""


class TwinLine:
    """Parts join by their names. What they say is gathered until the lock-step takes it along.

    Without a lock-step nobody ever takes it, and `reached` stays false.
    """

    def __init__(self) -> None:
        self.reached = False
        self._parts: dict[str, Heard] = {}
        self._said: list[Word] = []

    def join(self, part: str, kind: str, heard: Heard) -> None:
        """From now on `heard` is told what the twin says to this part; the twin answers with its live state."""
        self._parts[part] = heard
        self.say(part, "join", kind)

    def leave(self, part: str) -> None:
        if self._parts.pop(part, None) is not None:
            self.say(part, "leave")

    def say(self, part: str, word: str, detail: Any = None) -> None:
        if self.reached:
            self._said.append((part, word, detail))

    def takes(self) -> list[Word]:
        """What was said since the last time, in order."""
        said, self._said = self._said, []
        return said

    def tell(self, part: str, said: Any) -> None:
        """The twin says something to a part; one that isn't there doesn't hear it."""
        heard = self._parts.get(part)
        if heard is not None:
            heard(said)


def line_of(shared: Mapping[Any, Any]) -> TwinLine:
    """The lot's line; one that leads nowhere when the daemon doesn't run in lock-step."""
    return shared.get(LINE) or TwinLine()
