"""The broker as the lots on paper reach it: one connection for all, their windows up and the cloud's word down."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from models.ids import LotId
from models.wire.envelopes import Ack, unpack
from models.wire.seals import Sealed
from models.wire.topics import ROOT, lot_of, up
from simulator.fleet import PaperLot

PATIENCE = 5.0
"""Seconds of silence after which a lot sends again"""
_IN_FLIGHT = 200


class FleetLink:
    """A context manager: connected inside it. Everything but paho's own thread happens in the caller's."""

    def __init__(self, lots: Mapping[LotId, PaperLot], port: int, user: str, password: str) -> None:
        self._lots = lots
        self._heard: queue.SimpleQueue[Ack] = queue.SimpleQueue()
        self._looked = 0.0
        self._behind: set[LotId] = set(lots)
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        client.username_pw_set(user, password)
        client.max_inflight_messages_set(_IN_FLIGHT)
        client.reconnect_delay_set(1, 2)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.connect("127.0.0.1", port)
        self._client = client

    def __enter__(self) -> Self:
        self._client.loop_start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def happened(self, lot: LotId) -> None:
        """There is something new to send."""
        self._behind.add(lot)

    def turn(self, now: float) -> list[float]:
        """Hears what came and sends what may be sent; how long each transaction waited that is acknowledged now."""
        waited: list[float] = []
        while not self._heard.empty():
            ack = self._heard.get()
            waited += self._lots[ack.lot].hear(ack, now).waited
            self._behind.add(ack.lot)
        if now - self._looked > 1:
            self._looked = now
            self._send_again(now)
        for lot in self._behind:
            for payload in self._lots[lot].windows(now):
                self._client.publish(up(lot, "ledger"), payload, qos=1)
        self._behind.clear()
        return waited

    def _send_again(self, now: float) -> None:
        for lot in self._lots.values():
            if lot.backlog and now - lot.progress > PATIENCE:
                lot.rewind(now)
                self._behind.add(lot.id)

    def _on_connect(self, client: mqtt.Client, *_: Any) -> None:
        client.subscribe(f"{ROOT}/+/up/+/ack", qos=1)

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        if lot_of(message.topic) in self._lots:
            # These lots exist on this machine only: who signed is not their question.
            self._heard.put(Ack.model_validate_json(unpack(Sealed, bytes(message.payload)).text))
