"""Signs that show what an MQTT message says. Tested against: a real Mosquitto; hardware: none yet."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from drivers.contract import DriverContext, DriverError, Sign
from drivers.over_mqtt.connection import NotConnected
from drivers.over_mqtt.faults import GARBLED, OFFLINE, REACHING, UNREACHABLE
from drivers.over_mqtt.part import FreeTopicSettings, MqttPart, Said
from drivers.values import Topic
from models.faults import Fault


class MqttSignSettings(FreeTopicSettings):
    """A display that takes its text from a topic."""

    contract: ClassVar[type] = Sign
    faults: ClassVar[tuple[Fault, ...]] = (*REACHING, OFFLINE, GARBLED)

    driver: Literal["mqtt"] = "mqtt"
    topic: Topic
    """Where the text is published"""
    format: Literal["json", "text"] = "json"
    """`json`: {"lines": ["...", "..."]}; `text`: the lines as they are, a line break between them"""
    retain: bool = False
    """Whether the broker keeps the text for a sign that connects later. A text moves nothing, so it may be kept; a
    sign that shows it long after the daemon has gone, though, shows what was true then"""

    @property
    def claims(self) -> Mapping[str, str]:
        return self.claim(topic=self.topic)

    def build(self, context: DriverContext) -> MqttSign:
        return MqttSign(self, context)


class MqttSign(MqttPart):
    """Shows the newest text; that one also after a reconnection, and when the sign itself is back."""

    def __init__(self, settings: MqttSignSettings, context: DriverContext) -> None:
        super().__init__(settings, context, settings.wiring())
        self._settings = settings
        self._newest: str | None = None

    async def show(self, lines: Sequence[str]) -> None:
        self._newest = json.dumps({"lines": list(lines)}) if self._settings.format == "json" else "\n".join(lines)
        if self._offline:
            raise DriverError(OFFLINE, "the sign isn't connected to the broker; it gets the text when it is back")
        self._publish(self._newest)

    def reached(self) -> None:
        super().reached()
        self._show_again()

    def _ask(self) -> None:
        """The sign is back: it has to be told."""
        super()._ask()
        self._show_again()

    def _show_again(self) -> None:
        if self._newest is not None:
            with contextlib.suppress(DriverError):
                self._publish(self._newest)

    def _publish(self, text: str) -> None:
        try:
            self._connection.publish(self._settings.topic, text, retained=self._settings.retain)
        except NotConnected as error:
            raise DriverError(UNREACHABLE, str(error)) from error

    def _understood(self, topic: str, text: str) -> Said:
        return Said.NOT_OURS

    def _forget(self) -> None:
        """What the sign shows isn't read back."""
