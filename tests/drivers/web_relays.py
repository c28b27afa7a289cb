"""Devices with a web server for tests: each answers as one product does, on a thread of its own."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

PASSWORD = "s3cret&word"


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    body: str
    headers: dict[str, str]


@dataclass
class Answer:
    text: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    """How many bytes of the announced ones are kept back"""


@dataclass
class Device:
    """Contacts and inputs, and what is wrong with the device."""

    products_answer: Callable[[Device, Asked], Answer]
    contacts: dict[int, bool] = field(default_factory=dict)
    inputs: dict[int, bool] = field(default_factory=dict)
    timers: dict[int, float] = field(default_factory=dict)
    pulse_times: dict[int, int] = field(default_factory=dict)
    moves: list[tuple[float, int, bool]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    locked: bool = False
    slow: float = 0.0
    slow_after: float = 0.0
    """Obeys, and answers so much later"""
    disobeys: bool = False
    forgets_timers: bool = False
    instead: Answer | None = None
    """Said to everything"""
    nonce: str = "n0"

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if self.instead is not None:
            return self.instead
        time.sleep(self.slow)
        answer = self.products_answer(self, asked)
        time.sleep(self.slow_after)
        return answer

    def set(self, channel: int, on: bool, seconds: float = 0) -> None:
        self.moves.append((time.monotonic(), channel, on))
        self.contacts[channel] = on and not self.disobeys
        self.timers.pop(channel, None)
        if on and seconds and not self.forgets_timers:
            self.timers[channel] = seconds
            threading.Timer(seconds, self._over, (channel, self.moves[-1])).start()

    def _over(self, channel: int, began: tuple[float, int, bool]) -> None:
        if [move for move in self.moves if move[1] == channel][-1] == began:
            self.set(channel, False)

    def made(self, channel: int) -> bool:
        return self.contacts.get(channel, False)

    def orders(self, channel: int) -> list[bool]:
        return [on for _, where, on in self.moves if where == channel]

    def lasted(self, channel: int) -> float:
        times = [at for at, where, _ in self.moves if where == channel]
        return times[1] - times[0]


def basic(device: Device, asked: Asked, user: str = "admin") -> Answer | None:
    expected = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
    if device.locked and asked.headers.get("authorization") != f"Basic {expected}":
        return Answer("401 Unauthorized", 401, {"WWW-Authenticate": 'Basic realm="shelly"'})
    return None


def digest(device: Device, asked: Asked) -> Answer | None:
    """RFC 7616 with SHA-256, as Shelly's second generation asks for it."""
    if not device.locked:
        return None
    realm = "shellyplus1-a8032ab12345"
    said = {
        key.strip(): value.strip('"')
        for key, _, value in (
            part.partition("=") for part in asked.headers.get("authorization", "").removeprefix("Digest ").split(",")
        )
    }
    address = asked.path + ("?" + asked.headers["x-query"] if asked.headers["x-query"] else "")

    def sha(*parts: str) -> str:
        return hashlib.sha256(":".join(parts).encode()).hexdigest()

    first, second = sha("admin", realm, PASSWORD), sha(asked.method, address)
    expected = sha(first, device.nonce, said.get("nc", ""), said.get("cnonce", ""), "auth", second)
    if said.get("response") == expected and said.get("uri") == address:
        return None
    challenge = f'Digest qop="auth", realm="{realm}", nonce="{device.nonce}", algorithm=SHA-256'
    return Answer("", 401, {"WWW-Authenticate": challenge})


def shelly_gen1(device: Device, asked: Asked) -> Answer:
    if refused := basic(device, asked):
        return refused
    if asked.path == "/status":
        return Answer(json.dumps({"inputs": [{"input": int(device.inputs.get(0, False)), "event": ""}]}))
    channel = int(asked.path.removeprefix("/relay/"))
    if "turn" in asked.query:
        device.set(channel, asked.query["turn"] == "on", int(asked.query.get("timer", 0)))
    timer = device.timers.get(channel, 0)
    state = {"ison": device.made(channel), "has_timer": bool(timer), "timer_duration": timer, "source": "http"}
    return Answer(json.dumps(state))


def shelly_gen2(device: Device, asked: Asked) -> Answer:
    if refused := digest(device, asked):
        return refused
    channel = int(asked.query["id"])
    if asked.path == "/rpc/Input.GetStatus":
        return Answer(json.dumps({"id": channel, "state": device.inputs.get(channel, False)}))
    if channel != 0:
        return Answer(json.dumps({"code": -105, "message": "Argument 'id', value 1 not found!"}), 500)
    was = device.made(channel)
    if asked.path == "/rpc/Switch.Set":
        device.set(channel, asked.query["on"] == "true", float(asked.query.get("toggle_after", 0)))
        return Answer(json.dumps({"was_on": was}))
    timer = {"timer_started_at": 1.0, "timer_duration": device.timers[channel]} if channel in device.timers else {}
    return Answer(json.dumps({"id": channel, "source": "HTTP_in", "output": was, **timer}))


def tasmota(device: Device, asked: Asked) -> Answer:
    if device.locked and (asked.form.get("user"), asked.form.get("password")) != ("admin", PASSWORD):
        return Answer(json.dumps({"WARNING": "Need user=<username>&password=<password>"}))
    command, _, value = asked.form["cmnd"].partition(" ")
    if command == "Status":
        return Answer(json.dumps({"StatusSNS": {"Switch1": "ON" if device.inputs.get(1) else "OFF"}}))
    channel = int(command[-1])
    if command.startswith("PulseTime"):
        device.pulse_times[channel] = int(value)
        return Answer(json.dumps({command: {"Set": int(value), "Remaining": 0}}))
    if value:
        device.set(channel, value == "1", device.pulse_times.get(channel, 0) / 10)
    return Answer(json.dumps({"POWER" if channel == 1 else command.upper(): "ON" if device.made(channel) else "OFF"}))


def controlbyweb(relay_tag: str, input_tag: str, page: str) -> Callable[[Device, Asked], Answer]:
    def answer(device: Device, asked: Asked) -> Answer:
        if refused := basic(device, asked, "none"):
            return refused
        if asked.path != page:
            return Answer("", 404)
        channels = range(1, 5) if "{}" in relay_tag else (1,)
        for channel in channels:
            order = asked.query.get(relay_tag.format(channel))
            time_key = "pulseTime" if relay_tag == "relayState" else f"pulseTime{channel}"
            if order is not None:
                device.set(channel, order != "0", float(asked.query.get(time_key, 1.5)) if order == "2" else 0)
        tags = {relay_tag.format(n).lower(): device.made(n) for n in channels}
        tags |= {input_tag.format(n): device.inputs.get(n, False) for n in channels}
        rows = "".join(f"<{tag}>{int(on)}</{tag}>\n" for tag, on in reversed(tags.items()))
        return Answer(f'<?xml version="1.0" encoding="utf-8"?>\n<datavalues>\n{rows}</datavalues>')

    return answer


def a_gate_opener(device: Device, asked: Asked) -> Answer:
    """Not a product: something at an address."""
    if refused := basic(device, asked):
        return refused
    if asked.path == "/pulse":
        device.set(0, True, 0.3)
    elif asked.path in ("/on", "/off"):
        device.set(0, asked.path == "/on")
    else:
        return Answer("no such page", 404)
    return Answer("done")


PRODUCTS = {
    "shelly_gen1": shelly_gen1,
    "shelly_gen2": shelly_gen2,
    "tasmota": tasmota,
    "controlbyweb": controlbyweb("relay{}", "digitalinput{}", "/state.xml"),
    "controlbyweb_older": controlbyweb("relay{}State", "input{}state", "/state.xml"),
    "webrelay": controlbyweb("relayState", "inputstate", "/stateFull.xml"),
}


class _Handler(BaseHTTPRequestHandler):
    device: ClassVar[Device]

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        headers = {key.lower(): value for key, value in self.headers.items()} | {"x-query": parts.query}
        asked = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), dict(parse_qsl(body)), body, headers)
        answer = self.device.answer(asked)
        data = answer.text.encode()
        try:
            self.send_response(answer.status)
            for key, value in answer.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) - answer.cut])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PUT = _handle

    def log_message(self, format: str, *args: Any) -> None:
        return


class WebServer:
    """The device in the network; it can be taken away and brought back at the same port."""

    def __init__(self, device: Device) -> None:
        self.device, self.port = device, 0
        self._server: ThreadingHTTPServer | None = None

    def plug_in(self) -> None:
        handler = type("Handler", (_Handler,), {"device": self.device})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True, name="device").start()

    def pull_out(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
