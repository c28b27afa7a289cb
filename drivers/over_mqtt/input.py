"""A loop, button or contact whose level comes by MQTT, in whatever words its maker chose."""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterable, Mapping

from drivers.contract import DriverContext
from drivers.over_mqtt.part import MqttPart, MqttSettings, Said, Watched, Wiring


class MqttInput(MqttPart, abc.ABC):
    """Its level is unknown until the device says it live."""

    def __init__(self, settings: MqttSettings, context: DriverContext, wiring: Wiring) -> None:
        super().__init__(settings, context, wiring)
        self._level = Watched[bool | None](None)

    @property
    def level(self) -> bool | None:
        return self._level.value

    def on_level(self, heard: Callable[[bool | None], None]) -> None:
        self._level.on_change(heard)

    def _says(self, level: bool | None) -> Said:
        """Take in what the device said; None: it makes no sense."""
        if level is None:
            return Said.GARBLED
        self._level.set(level)
        return Said.STATE

    def _forget(self) -> None:
        self._level.set(None)


class WordInput(MqttInput):
    """Its device says one word for each level, and nothing else."""

    def __init__(
        self, settings: MqttSettings, context: DriverContext, wiring: Wiring, levels: Mapping[str, bool]
    ) -> None:
        super().__init__(settings, context, wiring)
        self._levels = levels

    @property
    def _known_words(self) -> Iterable[str]:
        return self._levels

    def _understood(self, topic: str, text: str) -> Said:
        return self._says(self._levels.get(text))
