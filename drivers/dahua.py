"""Dahua cameras with plate recognition, by CGI and ITSAPI. Tested against: servers and clients like them; no camera."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from drivers.contract import DriverContext
from drivers.plate_sources.dahua_events import Said, event, is_whole, toll_gate
from drivers.plate_sources.either_way import EitherWay, EitherWaySettings
from drivers.plate_sources.listener import Post, Reply
from drivers.plate_sources.local_clock import Zone, dated
from drivers.plate_sources.multipart import Part
from drivers.plate_sources.posting import PostSettings
from drivers.plate_sources.pull import Asked

_HEARTBEAT_SECONDS = 5
_TAKEN = b'{"Result": true, "result": "true"}'
_Code = Annotated[str, Field(pattern=r"^[A-Za-z]{1,40}$")]


class DahuaSettings(EitherWaySettings):
    """A camera or recorder that reads plates. With `host` it is asked for its events; with `post` it posts them by
    ITSAPI, with their pictures."""

    driver: Literal["dahua"] = "dahua"
    codes: Annotated[tuple[_Code, ...], Field(min_length=1)] = ("TrafficJunction",)
    """The events with plates, as the camera calls them"""
    full_confidence: Annotated[int, Field(ge=1, le=1000)] = 255
    """What this camera says when it is wholly sure: 255, or 100 with some firmware. With 255, a camera that means
    percent has every driver asked; with 100, one that doesn't opens for plates it isn't sure of"""
    channel: Annotated[int, Field(ge=1)] | None = None
    """Of a recorder that is asked: which of its cameras this lane's is, counted from 1. Where it posts, each of its
    cameras is given the path of its own lane"""
    post: PostSettings | None = None
    """Where the camera posts to (ITSAPI), instead of being asked. The secret stands in the paths that are set there"""

    @model_validator(mode="after")
    def _channel_of_what_is_asked(self) -> Self:
        if self.channel is not None and self.post is not None:
            raise ValueError(
                "`channel` is for a recorder that is asked (`host`); one that posts doesn't say it: leave it out, and "
                "give each of its cameras the path of its own lane, /plates/LANE/SECRET/..."
            )
        return self

    @property
    def path(self) -> str:
        codes = ",".join(self.codes)
        return f"/cgi-bin/eventManager.cgi?action=attach&codes=[{codes}]&heartbeat={_HEARTBEAT_SECONDS}"

    def build(self, context: DriverContext) -> Dahua:
        return Dahua(self, context)


class Dahua(EitherWay):
    """What one camera sees."""

    def __init__(self, settings: DahuaSettings, context: DriverContext) -> None:
        self._settings, self._clock = settings, context.clock
        self._zone = Zone()
        super().__init__(settings, context, Asked(settings.path, is_whole))

    def _part(self, part: Part) -> None:
        """Raises ValueError."""
        if part.content_type.startswith("image/"):
            return
        said = event(part.content, self._settings.full_confidence)
        if said is None or said.code not in self._settings.codes:
            return
        if self._settings.channel in (None, said.index + 1):
            self._tell(said)

    def _posted(self, post: Post) -> Reply:
        """Answered as the camera wants it, or it would post the same again and again. Raises ValueError."""
        said = toll_gate(post.body, self._settings.full_confidence)
        if said is not None:
            self._tell(said)
        return Reply(200, _TAKEN)

    def _tell(self, said: Said) -> None:
        plate = said.plate
        if plate is None:
            return
        now = self._clock.read()
        if said.local and plate.taken is not None and now.synced:
            found = dated(self._zone, plate.taken, now.wall, self._clock.monotonic())
            self._zone = found.zone
            # Whether this one is old isn't known: its driver is asked.
            sure = 0.0 if found.guessed else plate.confidence
            plate = replace(plate, taken=found.taken, confidence=sure)
        self.tell(plate)
