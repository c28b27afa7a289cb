"""How often Python looks for objects that only refer to each other."""

from __future__ import annotations

import gc

_NEW_OBJECTS = 50_000
"""Facts make tens of thousands of objects a window, and none of them refer to each other: looking after each 700, as
Python does by itself, was a fifth of ingest's work."""


def collect_seldom() -> None:
    """Once, when everything is imported and made that stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 20)
