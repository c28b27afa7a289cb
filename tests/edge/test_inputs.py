"""The contacts beside the lanes: what is said of a fire contact that nobody can read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from edge import inputs
from edge.clock import SystemClock
from edge.inputs import FireContact
from tests.drivers.conftest import Notebook, eventually


class Contact:
    """An input that tells changes, as all do."""

    def __init__(self) -> None:
        self.level: bool | None = None
        self._heard_by: list[Callable[[bool | None], None]] = []

    def on_level(self, heard: Callable[[bool | None], None]) -> None:
        self._heard_by.append(heard)

    def reads(self, level: bool | None) -> None:
        self.level = level
        for heard in self._heard_by:
            heard(level)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class Panel:
    def __init__(self) -> None:
        self.contact, self.faults = Contact(), Notebook()
        self.heard: list[bool | None] = []
        self.fire = FireContact(self.contact, self.heard.append, self.faults, SystemClock())


@pytest.fixture
async def panel(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Panel]:
    monkeypatch.setattr(inputs, "FIRE_READ_WITHIN_SECONDS", 0.1)
    panel = Panel()
    yield panel
    await panel.fire.stop()


async def test_a_fire_contact_that_cannot_be_read_from_the_start_on_is_a_fault(panel: Any):
    await panel.fire.start()
    await eventually(lambda: list(panel.faults.on) == ["lot.fire_unknown"])
    assert panel.heard == []
    panel.contact.reads(False)
    assert (panel.faults.on, panel.heard) == ({}, [False])


async def test_a_fire_contact_that_is_read_in_time_is_none(panel: Any):
    await panel.fire.start()
    panel.contact.reads(False)
    await asyncio.sleep(0.2)
    assert panel.faults.ever == []


async def test_a_fire_contact_that_is_lost_and_found_made_raises_the_arms(panel: Any):
    await panel.fire.start()
    panel.contact.reads(False)
    panel.contact.reads(None)
    assert list(panel.faults.on) == ["lot.fire_unknown"]
    panel.contact.reads(True)
    assert (list(panel.faults.on), panel.heard) == (["lot.fire"], [False, None, True])


async def test_a_fire_contact_that_is_stopped_at_once_is_missed_by_nobody(panel: Any):
    await panel.fire.start()
    await panel.fire.stop()
    await asyncio.sleep(0.2)
    assert panel.faults.ever == []
