"""Cameras that can be asked for their events, or post them: which of the two, and the way that this one takes."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from drivers.contract import DriverContext
from drivers.loopback import is_this_machine
from drivers.plate_sources.faults import CLOCK, LISTENING, PULLING, SILENT
from drivers.plate_sources.listener import Post, Reply
from drivers.plate_sources.multipart import Part
from drivers.plate_sources.posting import Ears, Posted, PostSettings
from drivers.plate_sources.pull import Asked, Pull, PullSettings
from drivers.plate_sources.settings import PlateSourceSettings
from models.faults import Fault


class EitherWaySettings(PlateSourceSettings, PullSettings, abc.ABC):
    """With `host` the camera is asked for its events; with `post` it posts them."""

    faults: ClassVar[tuple[Fault, ...]] = (*dict.fromkeys((*PULLING, *Posted.faults)), CLOCK)
    blinds: ClassVar[tuple[Fault, ...]] = tuple(dict.fromkeys((*PULLING, *LISTENING, SILENT)))

    channel: Annotated[int, Field(ge=1)] | None = None
    """Of a recorder: which of its cameras this lane's is, counted from 1"""
    post: PostSettings | None = None
    """Where the camera posts to, instead of being asked. The secret stands in the address that is set there"""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
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


class EitherWay(Ears, abc.ABC):
    """What one such camera sees."""

    def __init__(self, settings: EitherWaySettings, context: DriverContext, asked: Asked) -> None:
        super().__init__()
        self._way: Pull | Posted = (
            Pull(settings, context, asked, self._part, self._begins)
            if settings.post is None
            else Posted(settings.post, context, self._posted)
        )

    async def start(self) -> None:
        await self._way.start()

    async def stop(self) -> None:
        await self._way.stop()

    def _begins(self) -> None:
        """A new answer of the camera begins."""

    @abc.abstractmethod
    def _part(self, part: Part) -> None:
        """One part of its answer. Raises ValueError."""

    @abc.abstractmethod
    def _posted(self, post: Post) -> Reply:
        """Answered as the camera wants it. Raises ValueError."""
