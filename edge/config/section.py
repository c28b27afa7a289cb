"""What every section of a technician's file has in common."""

from __future__ import annotations

from typing import Any, cast

from pydantic import BaseModel, ConfigDict, model_validator


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
