"""Hikvision cameras with plate recognition, by ISAPI. Tested against: servers and clients like them; no real camera."""

from __future__ import annotations

from typing import Literal

from drivers.contract import DriverContext
from drivers.plate_sources.either_way import EitherWay, EitherWaySettings
from drivers.plate_sources.heard import Heard, HeardClock, HeardPicture, is_jpeg
from drivers.plate_sources.hikvision_events import LARGEST_ALERT, alert, is_whole
from drivers.plate_sources.listener import Post, Reply
from drivers.plate_sources.multipart import Part, boundary_in, parts_of
from drivers.plate_sources.posting import PostSettings
from drivers.plate_sources.pull import Asked

ALERT_STREAM = "/ISAPI/Event/notification/alertStream"
_OF_THE_PLATE = "licenseplatepicture"


class HikvisionSettings(EitherWaySettings):
    """A camera or recorder that reads plates. With `host` it is asked for its events, which needs nothing in the camera
    but a user that may see them; with `post` it posts them, as its "HTTP listening" or "alarm server" is set."""

    driver: Literal["hikvision"] = "hikvision"
    post: PostSettings | None = None
    """Where the camera posts to, instead of being asked. Its URL: /plates/LANE/ and the secret"""

    def build(self, context: DriverContext) -> Hikvision:
        return Hikvision(self, context)


class Hikvision(EitherWay):
    """What one camera sees."""

    def __init__(self, settings: HikvisionSettings, context: DriverContext) -> None:
        self._settings = settings
        self._newest: str | None = None
        """The event to which pictures belong that come now"""
        super().__init__(settings, context, Asked(ALERT_STREAM, is_whole))

    def _begins(self) -> None:
        self._newest = None

    def _posted(self, post: Post) -> Reply:
        """All that is in one post is told before it is answered. Raises ValueError."""
        self._newest = None
        boundary = boundary_in(post.content_type)
        if boundary is None:
            self._take(post.body)
            return Reply(200)
        parts = parts_of(post.body, boundary)
        if not parts:
            raise ValueError("a post without parts")
        if sum(len(part.content) for part in parts if not _is_picture(part)) > LARGEST_ALERT:
            raise ValueError("alerts without end")
        for part in parts:
            self._part(part)
        return Reply(200)

    def _part(self, part: Part) -> None:
        """Raises ValueError."""
        if _is_picture(part):
            self._picture(part)
        else:
            self._take(part.content)

    def _picture(self, part: Part) -> None:
        if self._newest is not None and is_jpeg(part.content) and _OF_THE_PLATE not in part.name:
            self.tell(HeardPicture(self._newest, part.content))

    def _take(self, content: bytes) -> None:
        said = alert(content)
        if self._settings.channel is not None and said.channel != str(self._settings.channel):
            self._newest = None
            return
        self._newest = None if said.plate is None else said.event
        heard: Heard | None = said.plate
        if heard is None and said.taken is not None:
            heard = HeardClock(said.taken)
        if heard is not None:
            self.tell(heard)


def _is_picture(part: Part) -> bool:
    return part.content_type.startswith("image/") or is_jpeg(part.content)
