"""Every key of a price policy in words, drawn from the policy itself: for docs/operator.md."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args

from pydantic import BaseModel

from models.documents.section import keys_of
from models.pricing import Policy
from tests.house.keys import table


def price_keys() -> str:
    return table(("key", "without it", "what it is for"), _rows(Policy, ""))


def _rows(section: type[BaseModel], path: str) -> Iterator[tuple[str, str, str]]:
    for key, field in keys_of(section).items():
        below = _section(field.annotation)
        name = f"{path}{key}{'[]' if field.annotation is not None and tuple in _inside(field.annotation) else ''}"
        default = field.default if isinstance(field.default, Decimal) else "-"
        yield (
            f"`{name}`",
            "needed" if field.is_required() else f"{default}",
            " ".join((field.description or "").split()),
        )
        if below is not None:
            yield from _rows(below, f"{name}.")


def _section(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _section(inner)) is not None), None)


def _inside(annotation: Any) -> set[Any]:
    """A list of sections, and no list of weekdays."""
    origin = getattr(annotation, "__origin__", None)
    return {origin} if _section(annotation) is not None else set()
