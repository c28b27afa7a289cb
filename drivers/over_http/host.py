"""A device with a small web server: one question at a time, none repeated, no redirect followed, no secret logged."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import httpx

from drivers.broker import NoPassword
from drivers.contract import DriverError, NotSent
from drivers.login import Login
from drivers.over_http.plainly import plainly
from drivers.tls import client_context
from models.faults import Fault
from models.instants import Clock, Monotonic

LONGEST_ANSWER_BYTES = 65_536

# httpx writes each address with its query into the log, and some devices want a key in there.
logging.getLogger("httpx").setLevel(logging.WARNING)

UNREACHABLE = Fault(
    code="http.unreachable",
    meaning="The device doesn't answer in the network, or not in time",
    look_at="Power of the device, the network cable or its radio, `host` and `port` in the settings",
    does="Asks again every few seconds; orders are refused meanwhile, inputs are unknown",
    ends="By itself, at the next answer",
)
REFUSED = Fault(
    code="http.refused",
    meaning="The device refuses what it is asked",
    look_at="Username and password; whether the device has this channel; what the device's own page says",
    does="Goes on asking; orders are refused, inputs are unknown",
    ends="By itself, once the device takes what it is asked",
)
GARBLED = Fault(
    code="http.garbled",
    meaning="What answers at this address doesn't answer as this product does",
    look_at="`speaks` or `product` in the settings; whether another device has got this address; the device's firmware",
    does="An order answered so counts as not carried out, and the contact is opened",
    ends="By itself, at the next right answer",
)
HTTP_FAULTS = (UNREACHABLE, REFUSED, GARBLED)


class Credentials(StrEnum):
    """How a product wants its password."""

    BASIC = "basic"
    DIGEST = "digest"
    FORM = "form"
    """As fields `user` and `password` in the body, never in the address"""
    WRITTEN = "written"
    """Where the technician has put it; nothing is added"""


@dataclass(frozen=True, slots=True)
class Question:
    """One request. `form` is sent as a body; `moves` says that it may make a contact."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    form: Mapping[str, str] | None = None
    method: str = "GET"
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    moves: bool = False


class HttpHost:
    """One device, shared by the parts of a lot that are reached through it; on the daemon's loop.

    A new connection for each question: small devices have few, and a stale one must not swallow an order.
    """

    def __init__(self, origin: str, login: Login, usual_user: str, credentials: Credentials, clock: Clock) -> None:
        self.origin, self._login, self._usual_user = origin, login, usual_user
        self._credentials, self._clock = credentials, clock
        self._turn = asyncio.Lock()
        self._members = 0
        self._client: httpx.AsyncClient | None = None
        self._digest: tuple[str, httpx.DigestAuth] | None = None

    def join(self) -> None:
        self._members += 1
        if self._client is None:
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                trust_env=False,
                transport=httpx.AsyncHTTPTransport(
                    verify=self._authority(),
                    retries=0,
                    limits=httpx.Limits(max_keepalive_connections=0),
                ),
            )

    def _authority(self) -> ssl.SSLContext | bool:
        """Without https there is nothing to load and to verify."""
        if not self.origin.startswith("https:"):
            return False
        usual = b"".join(httpx.create_ssl_context().get_ca_certs(binary_form=True))
        return client_context(lambda: self._clock.read().synced, authorities=usual)

    async def leave(self) -> None:
        self._members -= 1
        if self._members == 0 and self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def ask(self, question: Question, within: float, latest: Monotonic | None = None) -> str:
        """The text of the answer. Raises DriverError with one of HTTP_FAULTS; NotSent when nothing can have arrived."""
        async with self._turn:
            client = self._client
            if client is None:
                raise NotSent(UNREACHABLE, f"{self.origin} isn't in use")
            if latest is not None and self._clock.monotonic() > latest:
                raise NotSent(UNREACHABLE, f"{self.origin} was too busy: the order came too late and wasn't sent")
            try:
                async with asyncio.timeout(within):
                    status, text = await self._exchange(client, question)
            except (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol) as error:
                raise NotSent(UNREACHABLE, f"{self.origin} can't be reached: {plainly(error)}") from None
            except (TimeoutError, httpx.TimeoutException):
                raise DriverError(UNREACHABLE, f"{self.origin} didn't answer within {within:g} s") from None
            except (httpx.ProtocolError, httpx.DecodingError, KeyError, ValueError) as error:
                raise DriverError(GARBLED, f"{self.origin} answers half or no HTTP: {type(error).__name__}") from None
            except httpx.HTTPError as error:
                raise DriverError(UNREACHABLE, f"{self.origin}: {plainly(error)}") from None
        self._judge(status)
        return text

    async def _exchange(self, client: httpx.AsyncClient, question: Question) -> tuple[int, str]:
        try:
            password = self._login.password()
        except NoPassword as error:
            raise NotSent(REFUSED, f"{error}") from None
        user = self._login.username or self._usual_user
        form = dict(question.form) if question.form is not None else None
        if form is not None and password is not None and self._credentials is Credentials.FORM:
            form |= {"user": user, "password": password}
        request = client.build_request(
            question.method,
            self.origin + question.path,
            params=dict(question.query) or None,
            data=form,
            content=question.content,
            headers=dict(question.headers),
        )
        answer = await client.send(request, auth=self._auth(user, password), stream=True)
        try:
            return answer.status_code, await _text(answer)
        finally:
            await answer.aclose()

    def _auth(self, user: str, password: str | None) -> httpx.Auth | None:
        if password is None or self._credentials is Credentials.WRITTEN:
            return None
        if self._credentials is not Credentials.DIGEST:
            return httpx.BasicAuth(user, password)
        if self._digest is None or self._digest[0] != password:
            self._digest = password, httpx.DigestAuth(user, password)
        return self._digest[1]

    def _judge(self, status: int) -> None:
        if 200 <= status < 300:
            return
        if status in (401, 403):
            raise NotSent(REFUSED, f"{self.origin} wants a username and password, or others than these (HTTP {status})")
        if 300 <= status < 400:
            raise DriverError(GARBLED, f"{self.origin} sends the daemon elsewhere (HTTP {status}), where it doesn't go")
        raise DriverError(REFUSED, f"{self.origin} refuses it (HTTP {status})")


async def _text(answer: httpx.Response) -> str:
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > LONGEST_ANSWER_BYTES:
            raise ValueError("an answer without end")
    return body.decode("utf-8", errors="replace")
