"""What travels and is hashed holds whole numbers only, so that every machine writes it alike."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from pydantic import BaseModel

_BROKEN = ("float", "decimal")


def has_fractions(model: type[BaseModel]) -> bool:
    """Whether a field of it, at whatever depth, may hold a number that isn't whole."""
    return _is_broken(model.__pydantic_core_schema__)


def _is_broken(schema: object) -> bool:
    if isinstance(schema, dict):
        parts = cast(dict[str, Any], schema)
        return parts.get("type") in _BROKEN or any(map(_is_broken, parts.values()))
    return isinstance(schema, list | tuple) and any(map(_is_broken, cast(Iterable[object], schema)))
