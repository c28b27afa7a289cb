"""An endless answer of a camera: called, kept, and called again when it breaks off or falls silent."""

from __future__ import annotations

import asyncio
import logging
import ssl
import traceback
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import structlog
from pydantic import Field

from drivers.broker import NoPassword
from drivers.contract import DriverContext
from drivers.login import Login
from drivers.over_http.device import BareHost, origin
from drivers.over_http.plainly import plainly
from drivers.plate_sources.faults import GARBLED, REFUSED, SILENT, UNREACHABLE
from drivers.plate_sources.multipart import Part, Parts, boundary_in
from drivers.tls import client_context
from drivers.values import Port, Seconds
from models.faults import Fault

_LOG = structlog.get_logger("drivers.plate_sources")
CONNECT_WITHIN = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
logging.getLogger("httpx").setLevel(logging.WARNING)


class PullSettings(Login):
    """How a camera is asked for its events, by its own web server with digest login."""

    host: BareHost | None = None
    """Name or address of the camera; give it a fixed address in the router"""
    port: Port | None = None
    """TCP port, if the camera listens elsewhere than on 80 (443 with https)"""
    https: bool = False
    """Whether the camera is spoken to by HTTPS"""
    ca: Path | None = None
    """File with the authority that signed the camera's certificate (PEM); without it, the machine's own list"""
    silent_after: Seconds = Field(default=30.0, gt=0, le=3600)
    """A camera that says nothing for so long, not even that it is alive, counts as gone, and is called anew"""

    @property
    def origin(self) -> str:
        return origin(self.host or "", self.port, self.https)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for, and when a part of the answer that has no length is seen to be whole."""

    path: str
    is_whole: Callable[[bytes], bool]


class Pull:
    """`part`: what to do with each part; ValueError: it can't be understood. `begins`: a new answer begins."""

    def __init__(
        self,
        settings: PullSettings,
        context: DriverContext,
        asked: Asked,
        part: Callable[[Part], None],
        begins: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings, self._context, self._asked = settings, context, asked
        self._part, self._begins = part, begins
        self._running: asyncio.Task[None] | None = None
        self._heard_any = False

    async def start(self) -> None:
        if self._running is None:
            self._begin(self._keep_asking())

    async def stop(self) -> None:
        if self._running is not None:
            running, self._running = self._running, None
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def _begin(self, asking: Coroutine[Any, Any, None]) -> None:
        self._running = asyncio.create_task(asking, name=self._context.part)
        self._running.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """What nobody foresaw ends one answer, and is told; the camera is called again all the same."""
        if task.cancelled() or task is not self._running:
            return
        wrong = task.exception()
        # Neither its text nor what led to it: a plate may stand in both.
        where = traceback.extract_tb(None if wrong is None else wrong.__traceback__)[-1:]
        _LOG.error("plates.failed", part=self._context.part, why=type(wrong).__name__, at=[str(each) for each in where])
        self._wrong(UNREACHABLE, f"an event of {self._settings.origin} broke the reading: {type(wrong).__name__}")
        self._begin(self._ask_again())

    async def _ask_again(self) -> None:
        await self._context.clock.sleep(LONGEST_PAUSE)
        await self._keep_asking()

    async def _keep_asking(self) -> None:
        pause = FIRST_PAUSE
        while True:
            self._heard_any = False
            fault, detail = await self._ask()
            # Some cameras end their answer now and then: one that spoke is called again before it is missed.
            if not self._heard_any or fault is SILENT:
                self._wrong(fault, detail)
            pause = FIRST_PAUSE if self._heard_any else min(2 * pause, LONGEST_PAUSE)
            await self._context.clock.sleep(pause)

    async def _ask(self) -> tuple[Fault, str]:
        """One answer, from its first word to its last; why it ended."""
        where = self._settings.origin
        try:
            async with httpx.AsyncClient(
                verify=self._authority(),
                trust_env=False,
                follow_redirects=False,
                timeout=httpx.Timeout(CONNECT_WITHIN, read=self._settings.silent_after),
            ) as client:
                return await self._listen(client)
        except NoPassword as wrong:
            return REFUSED, str(wrong)
        except NotImplementedError:
            return REFUSED, f"{where} asks for a digest login with auth-int, which isn't spoken here: set it to auth"
        except httpx.ReadTimeout:
            return SILENT, f"{where} said nothing for {self._settings.silent_after:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, KeyError, ValueError) as wrong:
            return UNREACHABLE, f"{where}: {plainly(wrong)}"

    async def _listen(self, client: httpx.AsyncClient) -> tuple[Fault, str]:
        where, password = self._settings.origin, self._settings.password()
        auth = None if password is None else httpx.DigestAuth(self._settings.username or "admin", password)
        # Not built from its pieces: some cameras don't understand an escaped bracket.
        async with client.stream("GET", httpx.URL(where + self._asked.path), auth=auth) as answer:
            if answer.status_code != 200:
                return REFUSED, f"{where} answers HTTP {answer.status_code} to {self._asked.path.partition('?')[0]}"
            boundary = boundary_in(answer.headers.get("content-type", ""))
            if boundary is None:
                return REFUSED, f"{where} answers {self._asked.path.partition('?')[0]}, but not with events"
            parts = Parts(boundary, self._asked.is_whole)
            self._begins()
            async for piece in answer.aiter_bytes():
                for part in parts.feed(piece):
                    self._take(part)
        return UNREACHABLE, f"the events of {where} broke off"

    def _take(self, part: Part) -> None:
        if not self._heard_any:
            self._heard_any = True
            for fault in (UNREACHABLE, REFUSED, SILENT):
                self._context.faults.cleared(fault)
        try:
            self._part(part)
        except (ValueError, ArithmeticError, RecursionError) as wrong:
            self._context.faults.raised(GARBLED, str(wrong)[:200])
        else:
            self._context.faults.cleared(GARBLED)

    def _wrong(self, fault: Fault, detail: str) -> None:
        self._context.faults.raised(fault, detail)
        for other in (UNREACHABLE, REFUSED, SILENT):
            if other is not fault:
                self._context.faults.cleared(other)

    def _authority(self) -> ssl.SSLContext | bool:
        """Without https there is nothing to verify."""
        if not self._settings.https:
            return False
        clock = self._context.clock
        if self._settings.ca is not None:
            return client_context(lambda: clock.read().synced, cafile=str(self._settings.ca))
        usual = b"".join(httpx.create_ssl_context().get_ca_certs(binary_form=True))
        return client_context(lambda: clock.read().synced, authorities=usual)
