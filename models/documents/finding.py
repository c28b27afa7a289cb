"""Something in a file that doesn't agree with the rest of it."""

from __future__ import annotations

from dataclasses import dataclass

from models.documents.document import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """Where (the value at that path), and what belongs there."""

    path: Path
    expected: str
