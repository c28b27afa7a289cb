"""The far end of a lot's lanes: boards, arms, loops, buttons and scanners, none of which dies with the daemon."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import tty
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from drivers.contract import Position
from simulator.arm import Arm, BarrierMake, moved, vend
from simulator.boards.cores import CORES
from simulator.boards.pty_board import PtyBoard
from tests.chaos.lane_account import NEVER, Account, Made, now_us

MAKE = BarrierMake(rises_in=0.4, falls_in=0.4, closes_after_passing=0.2, closes_unused_after=2.0)
NOTICED_AFTER_US = 50_000
"""A barrier's controller takes a shorter contact for a spike"""
TICK = 0.01


@dataclass(frozen=True, slots=True)
class LaneKind:
    """One lane of the lot: which board moves its arm, and how. `board` None: a relay behind the broker that times
    its pulses itself. `open_on` and `hold_on` are relays as the maker counts them; without `hold_on`, the contact
    that opens also holds, where it `holds`."""

    name: str
    entry: bool
    board: str | None
    open_on: int = 1
    hold_on: int | None = None
    holds: bool = True
    channels: int | None = None
    switches: bool = False
    """Whether limit switches tell the arm's position"""
    plates: bool = False
    """Whether a plate is read, instead of a button that is pressed"""


LANES = (
    LaneKind("in-lcus", entry=True, board="lcus", open_on=2),
    LaneKind("in-numato", entry=True, board="numato", open_on=0, hold_on=10, switches=True),
    LaneKind("in-mqtt", entry=True, board=None, holds=False),
    LaneKind("out-kmtronic", entry=False, board="kmtronic", holds=False, channels=2),
    LaneKind("out-rly16", entry=False, board="rly16", open_on=8, switches=True),
    LaneKind("out-mqtt", entry=False, board=None),
)


class Wires:
    """The broker, as the devices of one lot reach it. What the daemon says is handed to the event loop."""

    def __init__(self, port: int, user: str, password: str, root: str) -> None:
        self.root = root
        self._loop = asyncio.get_running_loop()
        self._levels: dict[str, Callable[[], str]] = {}
        self._heard: dict[str, Callable[[str], None]] = {f"{root}/poll": lambda _: self._say_all()}
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.username_pw_set(user, password)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._hop
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def tells(self, name: str, level: Callable[[], str]) -> None:
        """A device that says its level when it changes (see `say`), and whenever it is asked."""
        self._levels[name] = level

    def hears(self, name: str, heard: Callable[[str], None]) -> None:
        self._heard[f"{self.root}/{name}"] = heard

    def say(self, name: str) -> None:
        self._client.publish(f"{self.root}/{name}", self._levels[name](), qos=1)

    def _subscribe(self, *_: Any) -> None:
        self._client.subscribe(f"{self.root}/#")

    def _hop(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._loop.call_soon_threadsafe(self._hear, message)

    def _say_all(self) -> None:
        for name in self._levels:
            self.say(name)

    def _hear(self, message: mqtt.MQTTMessage) -> None:
        heard = self._heard.get(message.topic)
        if heard is not None and not message.retain:
            heard(message.payload.decode())


class TimedRelay:
    """A relay behind the broker that ends its pulses by itself, as a good product does."""

    def __init__(self, name: str, wires: Wires, on_change: Callable[[int, bool, int], None]) -> None:
        self._state, self._wires, self._on_change = f"{name}/relay", wires, on_change
        self._on = False
        self._ends: asyncio.TimerHandle | None = None
        wires.tells(self._state, lambda: "ON" if self._on else "OFF")
        wires.hears(f"{name}/command", self._told)

    def _told(self, words: str) -> None:
        if self._ends is not None:
            self._ends.cancel()
        if words.startswith("{"):
            self._switch(True)
            seconds = json.loads(words)["for_ms"] / 1000
            self._ends = asyncio.get_running_loop().call_later(seconds, self._switch, False)
        elif words in ("ON", "OFF"):
            self._switch(words == "ON")

    def _switch(self, on: bool) -> None:
        if on is not self._on:
            self._on = on
            self._on_change(1, on, now_us())
        self._wires.say(self._state)


class Scanner:
    """A code scanner on a serial line. What it says while nobody listens is lost, as on a real line."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        link.symlink_to(os.ttyname(self._slave))

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)

    def reads(self, code: str) -> None:
        os.write(self._master, code.encode() + b"\r\n")


class Post:
    """The hardware of one lane."""

    def __init__(self, kind: LaneKind, folder: Path, wires: Wires, account: Account) -> None:
        self.kind, self.account, self._wires = kind, account, wires
        self._loop = asyncio.get_running_loop()
        self._arm = Arm(MAKE)
        self._contacts: dict[int, int] = {}
        self._unnoticed: int | None = None
        self.arming = self.closing = self.pressed = False
        self._vacated = 0
        self._said = Position.UNKNOWN
        self._risen = 0
        self.made = asyncio.Event()
        self.opened = asyncio.Event()
        for name, level in (
            ("arming", lambda: self.arming),
            ("closing", lambda: self.closing),
            ("ticket", lambda: self.pressed),
            ("top", lambda: self._arm.position in (Position.OPEN, Position.HELD)),
            ("bottom", lambda: self._arm.position is Position.CLOSED),
        ):
            wires.tells(f"{kind.name}/{name}", lambda level=level: "ON" if level() else "OFF")
        self.scanner = None if kind.entry else Scanner(folder / f"{kind.name}.scanner")
        self.port = folder / f"{kind.name}.board"
        self._board = self._a_board() if kind.board else None
        if self._board is None:
            TimedRelay(kind.name, wires, self._changed)
        self._moving = asyncio.create_task(self._move())

    def _a_board(self) -> PtyBoard:
        core = CORES[self.kind.board or ""]
        made = core() if self.kind.channels is None else core(self.kind.channels)
        board = PtyBoard(made, self.port, self._hop)
        board.plug_in()
        return board

    def _hop(self, channel: int, on: bool, at_us: int) -> None:
        """The board has a thread of its own."""
        self._loop.call_soon_threadsafe(self._changed, channel, on, at_us)

    async def close(self) -> None:
        self._moving.cancel()
        await asyncio.gather(self._moving, return_exceptions=True)
        if self._board is not None:
            self._board.unplug()
        if self.scanner is not None:
            self.scanner.close()

    # What a vehicle does here.

    def forget(self) -> None:
        """The next vehicle comes."""
        self.made.clear()
        self.opened.clear()

    def loop(self, *, arming: bool | None = None, closing: bool | None = None) -> None:
        if arming is not None:
            self.arming = arming
            self._wires.say(f"{self.kind.name}/arming")
        if closing is not None:
            self.closing = closing
            self._wires.say(f"{self.kind.name}/closing")
        self._vacated = now_us()

    async def press(self) -> None:
        for self.pressed in (True, False):
            self._wires.say(f"{self.kind.name}/ticket")
            await asyncio.sleep(0.05)

    @property
    def lets_pass(self) -> bool:
        return self._arm.lets_pass

    @property
    def quiet(self) -> bool:
        """No vehicle, no contact, and the arm is down."""
        return self._arm.at_rest and not (self.arming or self.closing or self._contacts)

    # What the board does.

    def _changed(self, channel: int, on: bool, at_us: int) -> None:
        if on:
            vacant = 0 if self.arming or self.closing else max(0, at_us - self._vacated)
            lane, arm = self.kind.name, self._arm
            self.account.made(Made(lane, channel, at_us, NEVER, vacant, arm.at_rest, self._risen))
            self._contacts[channel] = at_us
            if channel == self.kind.open_on:
                self._unnoticed = at_us
                self.made.set()
            return
        self.account.opened(self.kind.name, channel, at_us)
        self._contacts.pop(channel, None)
        if channel == self.kind.open_on:
            self._notice(at_us)
            self._unnoticed = None
            self.opened.set()

    def _notice(self, at_us: int) -> None:
        if self._unnoticed is not None and at_us - self._unnoticed >= NOTICED_AFTER_US:
            self._arm = vend(self._arm, str(self._unnoticed)) or self._arm
            self._unnoticed = None

    async def _move(self) -> None:
        before = now_us()
        while True:
            now = now_us()
            self._notice(now)
            # A contact that stays made keeps the arm up.
            up = self._arm.rising or self._arm.position is not Position.CLOSED
            self._arm = replace(self._arm, held=bool(self._contacts) and up)
            self._arm = moved(self._arm, (now - before) / 1e6, self.closing)
            before = now
            if self._arm.position is not self._said:
                self._risen += self._arm.position.is_up and not self._said.is_up
                self._said = self._arm.position
                self.account.note(self.kind.name, f"arm {self._said}")
                self._wires.say(f"{self.kind.name}/top")
                self._wires.say(f"{self.kind.name}/bottom")
            await asyncio.sleep(TICK)
