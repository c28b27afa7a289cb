"""The schema's history. A migration that has shipped is never edited; the next one follows it, at the end of `later`.

They are applied in the order in which they are read: `earlier` before `later`.
"""

from __future__ import annotations

from edge.store.migrations import earlier, later
from edge.store.migrations.running import migrations

__all__ = ["earlier", "later", "migrations"]
