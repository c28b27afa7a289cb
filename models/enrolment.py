"""What a new lot is told once, when it is enrolled: who it is, how it reaches the cloud, and whom it believes there."""

from __future__ import annotations

import base64
import binascii
from typing import Literal

import zstandard
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_serializer

from models.ids import LotId

_MARK = "parkgate1:"
_MOST_BYTES = 64 * 1024


class NoEnrolment(ValueError):
    """The text isn't an enrolment. What stands in it is never quoted: it holds a password."""


class Enrolment(BaseModel):
    """One lot's way to the cloud. `keys` are the cloud's public keys, `authority` who signed the broker's certificate
    (PEM; None: one that every machine knows). `epoch` counts how often this lot was enrolled: only the last one counts.
    """

    model_config = ConfigDict(frozen=True)

    v: Literal[1] = 1
    lot: LotId
    name: str
    epoch: int = Field(default=1, ge=1)
    host: str
    port: int = Field(ge=1, le=65535)
    username: str
    password: SecretStr
    authority: str | None = None
    keys: tuple[str, ...] = Field(min_length=1)

    @field_serializer("password", when_used="json")
    def _in_full(self, password: SecretStr) -> str:
        return password.get_secret_value()

    def text(self) -> str:
        """For a file or a QR code. Whoever reads it can speak as this lot."""
        packed = zstandard.ZstdCompressor(level=19).compress(self.model_dump_json(exclude_defaults=True).encode())
        return _MARK + base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> Enrolment:
        """Raises NoEnrolment."""
        written = text.strip()
        if not written.startswith(_MARK):
            raise NoEnrolment(
                f"an enrolment begins with {_MARK!r}: take the file or the picture as the operator sent it"
            )
        try:
            packed = base64.urlsafe_b64decode(written.removeprefix(_MARK) + "===")
            return cls.model_validate_json(
                zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MOST_BYTES, allow_extra_data=False)
            )
        except ValidationError as wrong:
            fields = ", ".join(sorted({str(error["loc"][0]) for error in wrong.errors() if error["loc"]}))
            raise NoEnrolment(
                f"this release doesn't understand it ({fields or 'no JSON'}): upgrade this machine"
            ) from None
        except (binascii.Error, zstandard.ZstdError, ValueError):
            raise NoEnrolment("it has been damaged on its way: a part is missing or was changed") from None
