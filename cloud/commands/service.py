"""Commands as a running part of a cloud process: the line to the broker, and those who speak on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from cloud.commands import desk as desks
from cloud.commands import key_news
from cloud.commands.desk import CommandDesk
from cloud.commands.key_news import KeyNews
from cloud.commands.line import Line
from cloud.defects import kept_apart
from cloud.metrics import Metrics
from cloud.settings import CloudSettings
from models.ids import LotId
from models.instants import Clock
from models.wire import topics
from models.wire.seals import Seals


@dataclass(frozen=True)
class Commands:
    """`line.ready` says whether a lot can be reached at all."""

    line: Line
    desk: CommandDesk
    key_news: KeyNews
    metrics: Metrics

    @classmethod
    def of(cls, settings: CloudSettings, seals: Seals, engine: AsyncEngine, clock: Clock, metrics: Metrics) -> Commands:
        assert settings.signing_key_file is not None
        line = Line(settings, (*desks.LISTENS_TO, *key_news.LISTENS_TO), lambda *about: commands.heard(*about))
        desk = CommandDesk(line.publish, seals)
        news = KeyNews(settings.signing_key_file, line.publish, engine, clock, metrics)
        commands = cls(line, desk, news, metrics)
        return commands

    def heard(self, lot: LotId, topic: str, payload: bytes) -> None:
        with kept_apart("commands.failed", self.metrics.failed, lot=lot):
            if topic == topics.down_ack(lot, key_news.KEYS):
                self.key_news.heard(lot, topic, payload)
            else:
                self.desk.heard(lot, topic, payload)

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self.line.run())
            parts.create_task(self.key_news.run())
