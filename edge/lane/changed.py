"""A value with some of its fields changed, cheaply: a lane has many, and each signal changes some, several times."""

from __future__ import annotations

from typing import Any, TypeVar

_Value = TypeVar("_Value")


def replace(value: _Value, **changes: Any) -> _Value:
    """As `dataclasses.replace`, at a tenth of its cost; for dataclasses without slots and without `__post_init__`."""
    fields = value.__dict__ | changes
    if len(fields) != len(value.__dict__):
        raise TypeError(f"{type(value).__name__} has no {', '.join(changes.keys() - value.__dict__.keys())}")
    changed = object.__new__(type(value))
    object.__setattr__(changed, "__dict__", fields)
    return changed
