"""A section of a lot's file, and the hardware that is found in it and below it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, model_validator

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


class Section(BaseModel):
    """A section of the file. A key without a value counts as left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, written: Any) -> Any:
        if not isinstance(written, dict):
            return written
        pairs = cast("dict[Any, Any]", written).items()
        return {key: value for key, value in pairs if value is not None or key not in cls.model_fields}
