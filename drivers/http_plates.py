"""Plates that anything posts as JSON with a secret. Tested against: real HTTP clients; no camera of any maker."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drivers.contract import DriverContext
from drivers.plate_sources.faults import CLOCK, LISTENING, SILENT
from drivers.plate_sources.heard import LARGEST_PICTURE, LONGEST_EVENT, Bearing, HeardPlate, is_jpeg
from drivers.plate_sources.kinds import kind_named
from drivers.plate_sources.listener import Post, Reply
from drivers.plate_sources.posted_json import posted_json
from drivers.plate_sources.posting import Ears, Posted, PostSettings
from drivers.plate_sources.settings import PlateSourceSettings
from models.documents.spelling import nearest
from models.faults import Fault
from models.instants import Instant, from_rfc3339

_Sure = Annotated[float, Field(ge=0, le=1)]


class HttpPlatesSettings(PlateSourceSettings, PostSettings):
    """A camera, a recorder or a programme that posts each plate to this computer, as JSON. The address is
    http://LISTEN:PORT/plates/LANE, and the secret goes with it; docs/technician.md says what is posted."""

    faults: ClassVar[tuple[Fault, ...]] = (*Posted.faults, CLOCK)
    blinds: ClassVar[tuple[Fault, ...]] = (*LISTENING, SILENT)

    driver: Literal["http_plates"] = "http_plates"

    @property
    def reaches_hardware(self) -> bool:
        return not self.on_loopback

    @property
    def shares(self) -> Mapping[str, tuple[str, str]]:
        return self.claim()

    def build(self, context: DriverContext) -> HttpPlates:
        return HttpPlates(self, context)


class _PostedPlate(BaseModel):
    """What is posted."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    plate: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    id: Annotated[str, Field(min_length=1, max_length=LONGEST_EVENT)] | None = None
    confidence: _Sure | None = None
    confidences: Annotated[list[_Sure], Field(max_length=32)] | None = None
    vehicle: Annotated[str, Field(max_length=64)] | None = None
    direction: Literal["approaching", "leaving"] | None = None
    time: Annotated[str, Field(max_length=40)] | None = None
    picture: Annotated[str, Field(max_length=LARGEST_PICTURE * 4 // 3 + 4)] | None = None
    alive: Literal[True] | None = None


class HttpPlates(Ears):
    """The other end is whoever knows the secret."""

    def __init__(self, settings: HttpPlatesSettings, context: DriverContext) -> None:
        super().__init__()
        self._posted = Posted(settings, context, self._understand)

    async def start(self) -> None:
        await self._posted.start()

    async def stop(self) -> None:
        await self._posted.stop()

    def _understand(self, post: Post) -> Reply:
        try:
            heard = plate_posted(post.body)
        except ValueError as wrong:
            # Whoever writes a programme for this wants to know what is wrong with it.
            self._posted.garbled(str(wrong))
            return Reply(400, json.dumps({"error": str(wrong)}).encode())
        if heard is not None:
            self.tell(heard)
        return Reply(200, b'{"taken": true}')


def plate_posted(body: bytes) -> HeardPlate | None:
    """The plate in a post; None for a mere sign of life. Raises ValueError, with what is wrong but never the plate."""
    document = posted_json(body)
    try:
        said = _PostedPlate.model_validate(document)
    except ValidationError as wrong:
        raise ValueError("; ".join(_plainly(each) for each in wrong.errors(include_input=False))) from None
    if said.plate is None:
        if said.alive is None:
            raise ValueError('"plate" is missing, or "alive": true for a sign of life')
        return None
    return HeardPlate(
        event=said.id or "",
        text=said.plate,
        confidence=said.confidence,
        confidences=tuple(said.confidences or ()),
        vehicle_type=kind_named(said.vehicle),
        bearing=_BEARINGS.get(said.direction or ""),
        taken=_time(said.time),
        picture=_picture(said.picture),
    )


def _time(text: str | None) -> Instant | None:
    try:
        return None if text is None else from_rfc3339(text)
    except (ValueError, OverflowError):
        raise ValueError(f"time: {_EXPECTED['time']} is expected") from None


_BEARINGS = {"approaching": Bearing.APPROACHES, "leaving": Bearing.LEAVES}


def _picture(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        picture = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise ValueError(f"picture: {_EXPECTED['picture']} is expected") from None
    if not is_jpeg(picture):
        raise ValueError(f"picture: {_EXPECTED['picture']} is expected")
    return picture


def _plainly(error: Any) -> str:
    """As whoever posts reads it: the key, and what is expected there. Never what was written."""
    where, kind = ".".join(map(str, error["loc"])), error["type"]
    if kind == "extra_forbidden":
        return _unknown(error["loc"])
    if not where:
        return 'an object is expected, such as {"plate": ...}'
    expected = _EXPECTED[str(error["loc"][0])] if len(error["loc"]) == 1 else _SHARE
    return f"{where}: {expected} is expected"


def _unknown(location: tuple[str | int, ...]) -> str:
    """A key may be a plate that was written in the wrong place: only the right one is told."""
    near = nearest(str(location[-1]), _PostedPlate.model_fields)
    keys = ", ".join(_PostedPlate.model_fields)
    return f'unknown key; did you mean "{near}"?' if near else f"unknown key; there could be {keys}"


_SHARE = "a share from 0 to 1, such as 0.97 for 97 %,"
_EXPECTED = {
    "plate": "text of 1 to 64 characters",
    "id": f"text of 1 to {LONGEST_EVENT} characters",
    "confidence": _SHARE,
    "confidences": "a list of at most 32 shares, one for each character,",
    "vehicle": "text of at most 64 characters",
    "direction": "approaching or leaving",
    "time": "a time such as 2026-11-28T12:00:00Z",
    "picture": f"a JPEG of at most {LARGEST_PICTURE} bytes, in base64,",
    "alive": "true",
}
