"""Serves the page of every lane's screen, for as long as the daemon runs. It never holds a lane up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path

import structlog

from drivers.contract import FaultReporter
from edge.kept_up import kept_up
from edge.kiosk.contract import KioskLane
from edge.kiosk.faults import NO_SECRET, NOT_SERVED
from edge.kiosk.guard import Guard
from edge.kiosk.listener import bound, server
from edge.kiosk.routes import Pages, Served
from edge.kiosk.secret import secret_in
from edge.kiosk.settings import KioskSettings
from models.ids import LaneName
from models.instants import Clock

_AGAIN_SECONDS = 5.0
_LOG = structlog.get_logger("edge.kiosk")


class Kiosk:
    """The screens of one lot. `secret_file` is where `settings.secret_beside(store)` says."""

    def __init__(
        self,
        settings: KioskSettings,
        lanes: Mapping[LaneName, KioskLane],
        secret_file: Path,
        clock: Clock,
        faults: FaultReporter,
    ) -> None:
        self._settings, self._secret_file = settings, secret_file
        self._clock, self._faults = clock, faults
        self._lanes = {name: Served(lane) for name, lane in lanes.items()}
        for served in self._lanes.values():
            served.lane.on_change(served.watchers.tell)
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns at once; a port that is taken is tried again until it is free."""
        if self._running is None:
            self._running = asyncio.create_task(kept_up("kiosk", self._serve, self._clock))

    async def stop(self) -> None:
        if self._running is None:
            return
        self._running.cancel()
        await asyncio.wait([self._running])
        self._running = None

    async def _serve(self) -> None:
        secret = await self._secret()
        listening = await self._listening()
        _LOG.info("kiosk.serving", address=self._settings.listen, port=self._settings.port)
        pages = Pages(self._settings, self._lanes, secret, self._clock)
        serving = server(Guard(pages.app(), self._settings))
        ended = asyncio.ensure_future(serving.serve([listening]))
        try:
            await asyncio.shield(ended)
        except asyncio.CancelledError:
            serving.should_exit = True
            self._close_pages()
            await asyncio.wait([ended])
            raise
        finally:
            self._close_pages()
            listening.close()

    async def _secret(self) -> bytes:
        while True:
            try:
                secret = await asyncio.to_thread(secret_in, self._secret_file)
            except OSError as wrong:
                self._faults.raised(NO_SECRET, str(wrong))
                await self._clock.sleep(_AGAIN_SECONDS)
            else:
                self._faults.cleared(NO_SECRET)
                return secret

    async def _listening(self) -> socket.socket:
        address, port = self._settings.listen, self._settings.port
        while True:
            try:
                listening = bound(address, port)
            except OSError as wrong:
                self._faults.raised(NOT_SERVED, f"{address} port {port}: {wrong.strerror}")
                await self._clock.sleep(_AGAIN_SECONDS)
            else:
                self._faults.cleared(NOT_SERVED)
                return listening

    def _close_pages(self) -> None:
        for served in self._lanes.values():
            served.watchers.close()
