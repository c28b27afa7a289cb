"""Arms that speak as Home Assistant's MQTT covers do. Tested against: a real Mosquitto; hardware: none yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import model_validator

from drivers.contract import Position
from drivers.over_mqtt.barrier import BarrierSettings, BarrierWords
from drivers.values import Payload, Topic


class CoverSettings(BarrierSettings):
    """A gate controller that is a cover to Home Assistant: ESPHome (`<prefix>/cover/<object>/command` and `.../state`)
    and many others. The arm has to come down by itself, by the controller's own timer or loop.
    """

    driver: Literal["homeassistant_cover"] = "homeassistant_cover"
    command_topic: Topic
    """Where the arm is told what to do"""
    payload_open: Payload = "OPEN"
    """What raises the arm"""
    payload_close: Payload | None = "CLOSE"
    """What brings it down; left empty, the arm is never told to"""
    payload_hold: Payload | None = None
    """What raises the arm and keeps it up, for a controller that has a word for it"""
    payload_release: Payload | None = None
    """What ends the hold"""
    state_topic: Topic | None = None
    """Where the device says where the arm is; without it the position is assumed from what the arm was told"""
    state_open: Payload = "open"
    """What the device says when the arm is up"""
    state_opening: Payload = "opening"
    """What the device says while the arm rises"""
    state_closed: Payload = "closed"
    """What the device says when the arm is down"""
    state_closing: Payload = "closing"
    """What the device says while the arm comes down"""
    state_stopped: Payload = "stopped"
    """What the device says when the arm has stopped on its way: where it stands isn't known then"""

    @model_validator(mode="after")
    def _a_hold_has_an_end(self) -> CoverSettings:
        if (self.payload_hold is None) != (self.payload_release is None):
            raise ValueError("payload_hold and payload_release belong together: an arm that is held has to come down")
        if len(self.words.positions) < 5:
            raise ValueError("two states of the arm have the same payload: nothing could be told from it")
        return self

    @property
    def words(self) -> BarrierWords:
        return BarrierWords(
            command_topic=self.command_topic,
            vend=_as_it_is(self.payload_open),
            hold=self.payload_hold and _as_it_is(self.payload_hold),
            release=self.payload_release and _as_it_is(self.payload_release),
            lower=self.payload_close and _as_it_is(self.payload_close),
            position_topic=self.state_topic,
            positions={
                self.state_open: Position.OPEN,
                self.state_opening: Position.MOVING,
                self.state_closed: Position.CLOSED,
                self.state_closing: Position.MOVING,
                self.state_stopped: Position.UNKNOWN,
            },
        )

    @property
    def claims(self) -> Mapping[str, str]:
        return self.claim(command_topic=self.command_topic, state_topic=self.state_topic)


def _as_it_is(payload: str) -> str:
    """A cover's words have no blanks to fill in."""
    return payload.replace("$", "$$")
