"""A section of a file that people write, and the keys that may stand in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.fields import FieldInfo


def keys_of(section: type[BaseModel]) -> Mapping[str, FieldInfo]:
    """The fields of a section by the keys that people write: `from` is a word that Python keeps for itself."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


class Section(BaseModel):
    """A section of the file. A key without a value counts as left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_left_out(cls, written: Any) -> Any:
        if not isinstance(written, dict):
            return written
        known, pairs = keys_of(cls), cast("dict[Any, Any]", written).items()
        return {key: value for key, value in pairs if value is not None or key not in known}
