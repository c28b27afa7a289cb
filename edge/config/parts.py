"""The hardware that is found in a section of a lot's file and below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel

from drivers.settings import DriverSettings


def parts_of(section: BaseModel) -> Iterator[tuple[tuple[str | int, ...], DriverSettings]]:
    """Every piece of hardware in a section and below it, by the way to it."""
    for key in type(section).model_fields:
        yield from parts_in((key,), getattr(section, key))


def parts_in(path: tuple[str | int, ...], value: Any) -> Iterator[tuple[tuple[str | int, ...], DriverSettings]]:
    """The hardware in the value of one key."""
    if isinstance(value, DriverSettings):
        yield path, value
    elif isinstance(value, BaseModel):
        for below, part in parts_of(value):
            yield (*path, *below), part
    elif isinstance(value, tuple):
        for index, item in enumerate(cast("tuple[Any, ...]", value)):
            yield from parts_in((*path, index), item)
