"""Hikvision cameras with plate recognition, by ISAPI. Tested against: servers and clients like them; no real camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from drivers.contract import DriverContext
from drivers.loopback import is_this_machine
from drivers.plate_sources.faults import CLOCK, LISTENING, PULLING, SILENT
from drivers.plate_sources.heard import Heard, HeardClock, HeardPicture, is_jpeg
from drivers.plate_sources.hikvision_events import alert, is_whole
from drivers.plate_sources.listener import Post, Reply
from drivers.plate_sources.multipart import Part, Parts, boundary_in
from drivers.plate_sources.posting import Ears, Posted, PostSettings
from drivers.plate_sources.pull import Asked, Pull, PullSettings
from drivers.plate_sources.settings import PlateSourceSettings
from models.faults import Fault

ALERT_STREAM = "/ISAPI/Event/notification/alertStream"
_OF_THE_PLATE = "licenseplatepicture"


class HikvisionSettings(PlateSourceSettings, PullSettings):
    """A camera or recorder that reads plates. With `host` it is asked for its events, which needs nothing in the camera
    but a user that may see them; with `post` it posts them, as its "HTTP listening" or "alarm server" is set."""

    faults: ClassVar[tuple[Fault, ...]] = (*dict.fromkeys((*PULLING, *Posted.faults)), CLOCK)
    blinds: ClassVar[tuple[Fault, ...]] = tuple(dict.fromkeys((*PULLING, *LISTENING, SILENT)))

    driver: Literal["hikvision"] = "hikvision"
    channel: Annotated[int, Field(ge=1)] | None = None
    """Of a recorder: which of its cameras this lane's is"""
    post: PostSettings | None = None
    """Where the camera posts to, instead of being asked. Its URL: /plates/LANE/ and the secret"""

    @model_validator(mode="after")
    def _one_way(self) -> HikvisionSettings:
        if (self.host is None) == (self.post is None):
            raise ValueError("either `host` is expected, to ask the camera, or `post`, where it posts to")
        return self

    @property
    def reaches_hardware(self) -> bool:
        return not is_this_machine(self.host) if self.host else self.post is None or not self.post.on_loopback

    @property
    def claims(self) -> Mapping[str, str]:
        if self.host is None:
            return {}
        return {"host": f"the plates of {self.origin}" + (f" channel {self.channel}" if self.channel else "")}

    @property
    def shares(self) -> Mapping[str, tuple[str, str]]:
        return {} if self.post is None else {f"post.{key}": use for key, use in self.post.claim().items()}

    def build(self, context: DriverContext) -> Hikvision:
        return Hikvision(self, context)


class Hikvision(Ears):
    """What one camera sees."""

    def __init__(self, settings: HikvisionSettings, context: DriverContext) -> None:
        super().__init__()
        self._settings = settings
        self._newest: str | None = None
        """The event to which pictures belong that come now"""
        self._way: Pull | Posted = (
            Pull(settings, context, Asked(ALERT_STREAM, is_whole), self._part, self._begins)
            if settings.post is None
            else Posted(settings.post, context, self._posted)
        )

    async def start(self) -> None:
        await self._way.start()

    async def stop(self) -> None:
        await self._way.stop()

    def _begins(self) -> None:
        self._newest = None

    def _posted(self, post: Post) -> Reply:
        """All that is in one post is told before it is answered. Raises ValueError."""
        self._newest = None
        boundary = boundary_in(post.content_type)
        if boundary is None:
            self._take(post.body)
            return Reply(200)
        parts = Parts(boundary)
        whole = [*parts.feed(post.body), *parts.end()]
        if not whole:
            raise ValueError("a post without parts")
        for part in whole:
            self._part(part)
        return Reply(200)

    def _part(self, part: Part) -> None:
        """Raises ValueError."""
        if part.content_type.startswith("image/") or is_jpeg(part.content):
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
