"""The GPIO pins of a computer that has none: gpiozero's mock pins."""

from __future__ import annotations

from typing import Any

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from drivers.contacts import pins as gpio_pins


def a_header(monkeypatch: pytest.MonkeyPatch) -> MockFactory:
    """Chosen as on a real computer, by the environment; new for each test."""
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    monkeypatch.setattr(gpio_pins, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(Device, "pin_factory", None)
    Device.ensure_pin_factory()
    pins: Any = Device.pin_factory
    return pins


def levels(pin: Any) -> list[bool]:
    """What the pin was, from the first to now."""
    return [bool(state.state) for state in pin.states]
