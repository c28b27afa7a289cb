"""Where cameras post their plates: one small web server for all that post to one address, and a secret for each.

Nobody is heard without the secret, and nothing but the head of a request is read before it was seen there. Everything
else is limited: connections, bytes, and how long each may take. A crowd keeps no camera out: whoever comes is met, and
somebody without the secret makes room.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ssl
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote, urlsplit

import h11
import structlog

from drivers.plate_sources.guests import Guest, makes_room
from models.instants import SECOND, Clock, Monotonic

_LOG = structlog.get_logger("drivers.plate_sources")
PREFIX = "plates"
LONGEST_HEAD = 16 * 1024
LARGEST_BODY = 8 * 1024 * 1024
MOST_CONNECTIONS, MOST_OF_ONE_ADDRESS = 24, 12
HANDSHAKE_WITHIN, HEAD_WITHIN, BODY_WITHIN, IDLE_FOR = 5.0, 10.0, 20.0, 75.0
CALM_AFTER = 60 * SECOND
_AGAIN_SECONDS = 5.0
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Post:
    """What was posted. `rest`: of the path, what follows the name and the secret."""

    content_type: str
    body: bytes
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes = b""
    content_type: str = "application/json"


class Poster(Protocol):
    """A part that hears from its camera by posts."""

    @property
    def name(self) -> str:
        """Its place in the path: /plates/NAME"""
        ...

    def secret(self) -> str | None:
        """What whoever posts has to know; None: nobody may, now."""
        ...

    def stranger(self) -> None:
        """Somebody has posted without it."""
        ...

    def astray(self) -> None:
        """Somebody has posted with it to an address that is nobody's."""
        ...

    def posted(self, post: Post) -> Reply: ...

    def served(self, detail: str | None) -> None:
        """None: posts are taken from now on; otherwise why not."""
        ...

    def crowded(self, detail: str | None) -> None:
        """More come than may stay at once; None: not for a while now."""
        ...


@dataclass(frozen=True, slots=True)
class Where:
    """`certificate` and `key`: files of a certificate for HTTPS; None: plain HTTP."""

    address: str
    port: int
    certificate: str | None = None
    key: str | None = None


@dataclass
class Counters:
    """For whoever asks why nothing is heard."""

    taken: int = 0
    garbled: int = 0
    refused: int = 0


class PostListener:
    """Listens from the first part that joins to the last that leaves."""

    def __init__(self, where: Where, clock: Clock) -> None:
        self.where, self.counters = where, Counters()
        self._clock = clock
        self._posters: dict[str, Poster] = {}
        self._guests: dict[Guest, asyncio.Task[None]] = {}
        self._crowded_at: Monotonic | None = None
        self._running: asyncio.Task[None] | None = None
        self._tls: ssl.SSLContext | None = None

    async def join(self, poster: Poster) -> None:
        self._posters[poster.name] = poster
        if self._running is None:
            self._running = asyncio.create_task(self._listen(), name="plates")

    async def leave(self, poster: Poster) -> None:
        if self._posters.get(poster.name) is not poster:
            return
        del self._posters[poster.name]
        if self._posters or self._running is None:
            return
        running, self._running = self._running, None
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                self._tls = self._certificate()
                server = await asyncio.start_server(self._met, self.where.address, self.where.port, limit=_CHUNK)
            except OSError as wrong:
                self._tell(f"{self.where.address} port {self.where.port}: {wrong.strerror or wrong}")
                await self._clock.sleep(_AGAIN_SECONDS)
                continue
            self._tell(None)
            try:
                await server.serve_forever()
            finally:
                server.close()
                serving = tuple(self._guests.values())
                for each in serving:
                    each.cancel()
                await asyncio.gather(*serving, return_exceptions=True)

    def _certificate(self) -> ssl.SSLContext | None:
        """Raises OSError (ssl.SSLError included)."""
        if self.where.certificate is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.where.certificate, self.where.key)
        return context

    def _tell(self, detail: str | None) -> None:
        for poster in tuple(self._posters.values()):
            poster.served(detail)

    def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """No coroutine: asyncio would print a trace of each that is cancelled."""
        guest = Guest(_address_of(writer), self._clock.monotonic())
        goes = makes_room(self._guests, guest, MOST_CONNECTIONS, MOST_OF_ONE_ADDRESS)
        if goes is not None and not goes.known:
            self._is_crowded(guest.address)
        if goes is guest:
            writer.transport.abort()
            return
        if goes is not None:
            self._guests.pop(goes).cancel()
        serving = asyncio.create_task(self._serve(guest, reader, writer), name=f"plates from {guest.address}")
        self._guests[guest] = serving
        serving.add_done_callback(lambda served: self._ended(guest, writer, served))

    async def _serve(self, guest: Guest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, h11.ProtocolError, asyncio.IncompleteReadError):
            if self._tls is not None:
                # Only now: whoever never says hello is counted among the connections, and soon gone.
                await writer.start_tls(self._tls, ssl_handshake_timeout=HANDSHAKE_WITHIN)
            await _Connection(self, guest, reader, writer).serve()

    def _ended(self, guest: Guest, writer: asyncio.StreamWriter, served: asyncio.Task[None]) -> None:
        self._guests.pop(guest, None)
        writer.transport.abort() if served.cancelled() or writer.is_closing() else writer.close()
        wrong = None if served.cancelled() else served.exception()
        if wrong is not None:
            # Neither its text nor what led to it: a plate may stand in both.
            where = traceback.extract_tb(wrong.__traceback__)[-1:]
            _LOG.error("plates.post_failed", why=type(wrong).__name__, at=[str(each) for each in where])

    def _is_crowded(self, address: str) -> None:
        if self._crowded_at is None:
            for poster in tuple(self._posters.values()):
                poster.crowded(f"too many connections at once, from {address} too")
        self._crowded_at = self._clock.monotonic()

    def took(self) -> None:
        """A post of somebody who knows the secret."""
        self.counters.taken += 1
        if self._crowded_at is not None and self._clock.monotonic() - self._crowded_at >= CALM_AFTER:
            self._crowded_at = None
            for poster in tuple(self._posters.values()):
                poster.crowded(None)

    def now(self) -> Monotonic:
        return self._clock.monotonic()

    def poster(self, name: str) -> Poster | None:
        return self._posters.get(name)

    def went_astray(self, said: Sequence[str]) -> None:
        """Somebody posted to an address that is nobody's, and said this: whose secret it is learns of it. Neither the
        address nor what was said is told on, for a secret may stand in both."""
        for poster in tuple(self._posters.values()):
            secret = poster.secret()
            if secret is not None and any(_same(secret, each) for each in said):
                poster.astray()


@dataclass
class _Connection:
    """One connection, from its first byte to its last."""

    listener: PostListener
    guest: Guest
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    http: h11.Connection = field(
        default_factory=lambda: h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
    )

    async def serve(self) -> None:
        wait = HEAD_WITHIN
        while True:
            async with asyncio.timeout(wait):
                request = await self._next()
            if not isinstance(request, h11.Request):
                return
            await self._answer(request)
            if self.http.our_state is h11.MUST_CLOSE or self.http.their_state is not h11.DONE:
                return
            self.http.start_next_cycle()
            self.guest.speaking, self.guest.quiet_since = False, self.listener.now()
            wait = IDLE_FOR

    async def _answer(self, request: h11.Request) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in request.headers}
        found = self._route(request, headers)
        if isinstance(found, Reply):
            self.listener.counters.refused += 1
            await self._reply(found, close=True)
            return
        poster, rest = found
        self.guest.known = self.guest.speaking = True
        if self.http.they_are_waiting_for_100_continue:
            await self._send(h11.InformationalResponse(status_code=100, headers=[]))
        async with asyncio.timeout(BODY_WITHIN):
            body = await self._body()
        if body is None:
            await self._reply(_said(413, "that is too much"), close=True)
            return
        reply = poster.posted(Post(headers.get("content-type", ""), body, rest))
        if reply.status < 300:
            self.listener.took()
        else:
            self.listener.counters.garbled += 1
        await self._reply(reply)

    def _route(self, request: h11.Request, headers: Mapping[str, str]) -> tuple[Poster, tuple[str, ...]] | Reply:
        """Whose post this is, if whoever posts knows the secret. All that isn't so gets one and the same answer."""
        try:
            path = urlsplit(request.target.decode("latin-1")).path
        except ValueError:  # Such as //[
            return _said(400, "a path is expected")
        steps = [unquote(step) for step in path.split("/") if step]
        poster = self.listener.poster(steps[1]) if len(steps) > 1 and steps[0] == PREFIX else None
        secret = None if poster is None else poster.secret()
        said = list(_secrets_in(headers))
        rest = tuple(steps[2:])
        if secret is not None and any(_same(secret, each) for each in said):
            known = True
        elif secret is not None and rest and _same(secret, rest[0]):
            known, rest = True, rest[1:]
        else:
            known = False
        if poster is None or not known:
            if poster is None:
                self.listener.went_astray([*said, *steps[:3]])
            elif secret is not None:
                poster.stranger()
            return _said(401, "the lane in the address or its secret is missing or another: /plates/LANE is expected")
        if request.method not in (b"POST", b"PUT"):
            return _said(405, "POST is expected")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 12 or int(length) > LARGEST_BODY:
            return _said(413, f"at most {LARGEST_BODY} bytes are expected")
        return poster, rest

    async def _body(self) -> bytes | None:
        body = bytearray()
        while True:
            event = await self._next()
            if isinstance(event, h11.Data):
                body += event.data
                if len(body) > LARGEST_BODY:
                    return None
            elif isinstance(event, h11.EndOfMessage):
                return bytes(body)
            else:
                raise h11.RemoteProtocolError("it broke off")

    async def _next(self) -> object:
        while True:
            event = self.http.next_event()
            if event is not h11.NEED_DATA:
                return event
            self.http.receive_data(await self.reader.read(_CHUNK))

    async def _reply(self, reply: Reply, *, close: bool = False) -> None:
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body)))]
        if reply.status == 401:
            headers.append(("WWW-Authenticate", 'Basic realm="plates"'))
        if close:
            headers.append(("Connection", "close"))
        await self._send(h11.Response(status_code=reply.status, headers=headers))
        await self._send(h11.Data(data=reply.body))
        await self._send(h11.EndOfMessage())

    async def _send(self, event: h11.Event) -> None:
        async with asyncio.timeout(HEAD_WITHIN):
            self.writer.write(self.http.send(event) or b"")
            await self.writer.drain()


def _address_of(writer: asyncio.StreamWriter) -> str:
    peer = writer.get_extra_info("peername")
    return str(peer[0]) if peer else ""


def _said(status: int, error: str) -> Reply:
    return Reply(status, b'{"error": "' + error.encode() + b'"}')


def _secrets_in(headers: Mapping[str, str]) -> Iterator[str]:
    """As a bearer token, or as the password of a basic login under whatever name."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        yield value.strip()
    elif kind.lower() == "basic":
        with suppress(ValueError, binascii.Error):
            yield base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]


def _same(secret: str, said: str) -> bool:
    return hmac.compare_digest(secret.encode(), said.encode("utf-8", "surrogatepass"))
