"""The loops and barriers of simulated lanes on an MQTT 5 broker: they say their state live and obey fresh vends.

Nothing is published as retained. A broker that is down is tried again for ever, and everything is said anew.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from models.ids import LaneName
from models.instants import SECOND, Clock, Monotonic, Reading
from simulator.topics import LaneState, LaneTopics, LotTopics, level

REPEAT_EVERY = 2.0
"""Seconds after which a device says its state again although nothing changed."""
KEEPALIVE = 10
RECONNECT_SECONDS = (1, 2)


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the broker is and who we are there. Without a user name, nobody in particular."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return f"Broker({self.host}:{self.port})"


Told = Literal["vend", "hold", "release", "lower"]


@dataclass(frozen=True, slots=True)
class VendHeard:
    """A message on a barrier's command topic. `refused` says why it isn't one to obey; `told` what the arm shall do."""

    lane: LaneName
    vend_id: str | None
    at: Reading
    refused: str | None = None
    told: Told = "vend"


def understood(lane: LaneName, payload: bytes, retained: bool, at: Reading) -> VendHeard:
    """What a command says: `{"vend": "<id>"}`, `{"hold": true | false, "id": ...}` or `{"lower": true, "id": ...}`,
    with `"until": <UTC microseconds>` if it mustn't come late.
    """
    try:
        command = json.loads(payload)
        told, order_id, until = _order(command), command.get("vend", command.get("id")), command.get("until")
    except (ValueError, KeyError, TypeError, AttributeError):
        return VendHeard(lane, None, at, "malformed")
    if not isinstance(order_id, str) or not order_id or not isinstance(until, int | None):
        return VendHeard(lane, None, at, "malformed", told)
    if retained:
        return VendHeard(lane, order_id, at, "retained", told)
    return VendHeard(lane, order_id, at, "expired" if until is not None and at.wall > until else None, told)


def _order(command: dict[str, Any]) -> Told:
    """Raises ValueError for a command that is none."""
    match command:
        case {"hold": bool(held)}:
            return "hold" if held else "release"
        case {"lower": True}:
            return "lower"
        case {"vend": _}:
            return "vend"
        case _:
            raise ValueError("no order")


class Devices:
    """All the devices of the lanes, over one connection. paho's thread only hands over what it hears."""

    def __init__(
        self,
        broker: Broker,
        lanes: Iterable[LaneTopics],
        clock: Clock,
        heard: Callable[[VendHeard], None],
        tell: Callable[[str], None],
        lot: LotTopics | None = None,
        injected: Callable[[bytes], None] = lambda _payload: None,
    ) -> None:
        """`tell` is given a line for people whenever the connection comes, goes, or is refused; `injected` is given
        what comes on the lot's own topic."""
        self._lot, self._injected = lot, injected
        self._broker, self._clock, self._heard, self._tell = broker, clock, heard, tell
        self._told = ""
        self._lanes = {lane.lane: lane for lane in lanes}
        self._commands: Mapping[str, LaneName] = {lane.command: lane.lane for lane in self._lanes.values()}
        self._polls: Mapping[str, LaneName] = {lane.poll: lane.lane for lane in self._lanes.values()}
        self._said: dict[LaneName, dict[str, str]] = {}
        self._fire: bool | None = None
        self._repeated = Monotonic(0)
        self._connected = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client = self._new_client()

    @property
    def connected(self) -> bool:
        return self._connected

    def start(self) -> None:
        """Returns at once and connects in the background."""
        self._loop = asyncio.get_running_loop()
        self._client.connect_async(self._broker.host, self._broker.port, KEEPALIVE, clean_start=True)
        self._client.loop_start()

    async def stop(self) -> None:
        self._connected = False
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def say(self, lane: LaneName, state: LaneState) -> None:
        """Tell what changed in a lane; everything again when `REPEAT_EVERY` has gone by."""
        said = state.said_on(self._lanes[lane])
        before = self._said.get(lane, {})
        self._said[lane] = said
        for topic, payload in said.items():
            if before.get(topic) != payload:
                self._publish(topic, payload)

    def say_fire(self, fire: bool) -> None:
        """The lot's fire contact."""
        if self._lot is not None and self._fire is not fire:
            self._fire = fire
            self._publish(self._lot.fire, level(fire))

    def tell_truth(self, lane: LaneName, what: str, truth: dict[str, Any]) -> None:
        """What really happened, for whoever wants to compare."""
        if self._lot is not None:
            self._publish(self._lot.truth(lane, what), json.dumps(truth))

    def repeat_when_due(self) -> None:
        if self._clock.monotonic() - self._repeated >= REPEAT_EVERY * SECOND:
            self._say_again(self._lanes)

    def _say_again(self, lanes: Iterable[LaneName]) -> None:
        lanes = list(lanes)
        if len(lanes) == len(self._lanes):
            self._repeated = self._clock.monotonic()
        for lane in lanes:
            for topic, payload in self._said.get(lane, {}).items():
                self._publish(topic, payload)
        if self._lot is not None and self._fire is not None and len(lanes) == len(self._lanes):
            self._publish(self._lot.fire, level(self._fire))

    def _publish(self, topic: str, payload: str) -> None:
        # What can't be said now would be stale later: it isn't queued but said anew after the reconnect.
        if self._connected:
            self._client.publish(topic, payload, qos=0, retain=False)

    def _new_client(self) -> paho.Client:
        client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        client.reconnect_delay_set(*RECONNECT_SECONDS)
        client.connect_timeout = 3.0
        client.on_connect = lambda _c, _u, _f, reason, _p: self._hop(self._answered, reason)
        client.on_subscribe = lambda _c, _u, _m, _r, _p: self._hop(self._listening)
        client.on_connect_fail = lambda _c, _u: self._hop(self._failed)
        client.on_disconnect = lambda _c, _u, _f, _r, _p: self._hop(self._lost)
        client.on_message = lambda _c, _u, message: self._hop(self._received, message, self._clock.read())
        return client

    def _hop(self, call: Callable[..., None], *arguments: Any) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call, *arguments)

    # On the event loop.

    def _answered(self, reason: ReasonCode) -> None:
        if reason.is_failure:
            self._tell_once(f"the broker {self._address} refuses us: {reason}")
            return
        as_published = SubscribeOptions(qos=1, retainAsPublished=True)
        lot = () if self._lot is None else (self._lot.inject,)
        self._client.subscribe([(topic, as_published) for topic in (*self._commands, *self._polls, *lot)])

    def _listening(self) -> None:
        self._connected = True
        self._tell_once(f"connected to the broker {self._address}")
        self._say_again(self._lanes)

    def _failed(self) -> None:
        self._tell_once(f"the broker {self._address} doesn't answer; trying on")

    def _lost(self) -> None:
        if self._connected:
            self._tell_once(f"lost the broker {self._address}; trying on")
        self._connected = False

    @property
    def _address(self) -> str:
        return f"{self._broker.host}:{self._broker.port}"

    def _tell_once(self, line: str) -> None:
        if line != self._told:
            self._told = line
            self._tell(line)

    def _received(self, message: paho.MQTTMessage, at: Reading) -> None:
        if message.topic in self._polls:
            if not message.retain:
                self._say_again([self._polls[message.topic]])
        elif self._lot is not None and message.topic == self._lot.inject:
            if not message.retain:
                self._injected(bytes(message.payload))
        elif message.topic in self._commands:
            self._heard(understood(self._commands[message.topic], bytes(message.payload), message.retain, at))
