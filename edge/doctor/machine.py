"""The computer as the doctor looks at it: what the kernel says of it, its clock, and the daemon's user."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edge.clock import SystemClock
from edge.doctor.person import Person, daemon_user
from models.instants import Clock


@dataclass(frozen=True)
class Machine:
    clock: Clock = field(default_factory=SystemClock)
    person: Person = field(default_factory=daemon_user)
    root: Path = Path("/")
    """Where proc, sys and dev are"""

    def said(self, path: str) -> str | None:
        """What a file of the kernel says, without the line's end; None when it isn't there or can't be read."""
        try:
            return (self.root / path).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None

    def number(self, path: str) -> int | None:
        said = self.said(path)
        try:
            return None if said is None else int(said, 0)
        except ValueError:
            return None

    def found(self, pattern: str) -> list[Path]:
        """The paths that fit, in order."""
        try:
            return sorted(self.root.glob(pattern))
        except OSError:
            return []
