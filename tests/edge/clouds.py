"""The other end of a lot's link: a small, honest cloud on a real broker, which tests may silence or make lie."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge.clock import SystemClock
from edge.local import Asked, Obeyed
from edge.store.database import looking_into
from edge.store.journal import Head, head_of
from models.facts.base import Stream
from models.ids import LotId
from models.instants import Monotonic
from models.wire import topics
from models.wire.envelopes import Ack, Window, unpack
from models.wire.seals import SealedAs
from models.wire.standing import Answer, Ask
from simulator.servers import Mosquitto
from tests.brokers import USERS, talker
from tests.edge.lossy import Cloud
from tests.keys import SIGNER

HASTE = 20


class HurriedClock(SystemClock):
    """Real time, but all patience is a twentieth."""

    def monotonic(self) -> Monotonic:
        return Monotonic(super().monotonic() * HASTE)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / HASTE)


class HonestCloud:
    """Applies what follows and says how far it has come. `answers` False: it applies nothing and says nothing."""

    def __init__(self, broker: Mosquitto, lot: LotId, *, answers: bool = True, stream: Stream = "ledger") -> None:
        self.books, self.answers, self.windows = Cloud(lot=lot, stream=stream), answers, 0
        self.asked, self.answers_asks = 0, True
        self.said: list[tuple[str, bytes]] = []
        self._lot, self._stream = lot, stream
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self._client.username_pw_set("parkgate", USERS["parkgate"])
        self._client.reconnect_delay_set(1, 1)
        listens = [(topics.up(lot, stream), 1), (topics.up_ask(lot, stream), 1)]
        self._client.on_connect = lambda client, _u, _f, _r, _p: client.subscribe(listens)
        self._client.on_message = self._heard
        self._client.connect("127.0.0.1", broker.port, keepalive=5)

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def says(self, ack: Ack | bytes, *, retained: bool = False) -> None:
        payload = ack if isinstance(ack, bytes) else SIGNER.seal(SealedAs.ACK, self._lot, ack)
        topic = topics.up_ack(self._lot, self._stream)
        self._client.publish(topic, payload, qos=1, retain=retained).wait_for_publish(5)

    def forgets_retained(self) -> None:
        self.says(b"", retained=True)

    def says_again(self, said: list[tuple[str, bytes]]) -> None:
        """Somebody who kept what the cloud once said brings it again, as it was."""
        for topic, payload in said:
            self._client.publish(topic, payload, qos=1).wait_for_publish(5)

    def _heard(self, client: mqtt.Client, userdata: object, message: mqtt.MQTTMessage) -> None:
        if message.topic == topics.up_ask(self._lot, self._stream):
            self.asked += 1
            if self.answers_asks:
                answer = self.books.answer(unpack(Ask, message.payload))
                self._publish(topics.up_answer(self._lot, self._stream), SealedAs.ANSWER, answer)
            return
        self.windows += 1
        if self.answers:
            window = unpack(Window, message.payload)
            self.books.stream_id = window.stream_id
            self._publish(topics.up_ack(self._lot, self._stream), SealedAs.ACK, self.books.take(window))

    def _publish(self, topic: str, what: SealedAs, message: Ack | Answer) -> None:
        self.said.append((topic, SIGNER.seal(what, self._lot, message)))
        self._client.publish(*self.said[-1], qos=1)


async def nobody_obeys(asked: Asked, order_id: str) -> Obeyed:
    """For a link to which nothing is ordered."""
    raise AssertionError("nothing was ordered")


async def nothing_to_reload() -> None:
    """For a link whose lot has no policy in memory."""


def forget_beacon(broker: Mosquitto, lot: str) -> None:
    """A retained beacon outlives its lot, and others share this broker."""
    with talker(broker.port) as client:
        client.publish(topics.state(lot), "", retain=True)


def ledger(store: Path) -> Head:
    """Where the ledger of that file stands, seen from beside its daemon."""
    with looking_into(store) as connection:
        head = head_of(connection, "ledger")
    assert head is not None
    return head


async def becomes(true: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until it is so. Raises TimeoutError."""
    clock = SystemClock()
    until = clock.monotonic() + seconds * 1_000_000
    while not true():
        if clock.monotonic() > until:
            raise TimeoutError(f"it never became so within {seconds} s")
        await clock.sleep(0.02)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
