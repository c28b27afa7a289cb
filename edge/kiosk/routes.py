"""The page's addresses: the page itself, its session, what it is told, and what it passes on."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from edge.kiosk.contract import KioskLane
from edge.kiosk.live import Watchers
from edge.kiosk.passes import is_sealed, is_token, sealed
from edge.kiosk.presses import Presses
from edge.kiosk.screen import shown, takes_code, takes_press
from edge.kiosk.settings import KioskSettings
from edge.lane.signals import Button
from models.codes import read_code
from models.ids import LaneName
from models.instants import Clock
from models.phrases.language import language
from models.spots import VehicleType

COOKIE = "parkgate-kiosk"
ALIVE_SECONDS = 3.0
_BODY_BYTES = 1024
_COOKIE_SECONDS = 400 * 24 * 3600  # browsers keep none for longer; each connection renews it
_PAGE = Path(__file__).with_name("page")
_LOG = structlog.get_logger("edge.kiosk")


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Introduction(_Body):
    """A screen says which one it is; one at this very machine, or with a cookie, needs no token."""

    token: str | None = Field(default=None, max_length=100)


class Press(_Body):
    """A press, and the plate that the driver saw."""

    button: Button
    plate: str | None = Field(default=None, max_length=20)


class Choice(_Body):
    vehicle_type: VehicleType


class Typed(_Body):
    text: str = Field(max_length=40)


B = TypeVar("B", bound=_Body)


@dataclass(frozen=True)
class Served:
    """One lane with its open pages."""

    lane: KioskLane
    watchers: Watchers = field(default_factory=Watchers)
    presses: Presses = field(default_factory=Presses)


@dataclass(frozen=True)
class Pages:
    """The page of every lane."""

    settings: KioskSettings
    lanes: Mapping[LaneName, Served]
    secret: bytes
    clock: Clock

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/_page/{name}", _asset),
                Route("/{lane}", self._page),
                Route("/{lane}/session", self._session, methods=["POST"]),
                Route("/{lane}/events", self._events),
                Route("/{lane}/press", self._press, methods=["POST"]),
                Route("/{lane}/type", self._type, methods=["POST"]),
                Route("/{lane}/code", self._code, methods=["POST"]),
            ]
        )

    # --- what a screen gets ---

    async def _page(self, request: Request) -> Response:
        self._named(request)
        return FileResponse(_PAGE / "kiosk.html", headers={"Cache-Control": "no-cache"})

    async def _session(self, request: Request) -> Response:
        name, _ = self._named(request)
        introduced = await _body(request, Introduction)
        if not self._may_begin(request, name, introduced.token):
            _LOG.warning("kiosk.unknown_screen", lane=name, peer=request.client.host if request.client else None)
            raise HTTPException(401, "This screen needs its link")
        answer = Response(status_code=204)
        self._set_cookie(answer, name)
        return answer

    async def _events(self, request: Request) -> Response:
        name, served = self._known(request)
        answer = StreamingResponse(self._told(served), media_type="text/event-stream")
        self._set_cookie(answer, name)
        return answer

    async def _told(self, served: Served) -> AsyncIterator[str]:
        """First the page's words, then what the lane shows, again whenever that changes; a sign of life between."""
        languages = [language(code) for code in self.settings.choice]
        with served.watchers.watch() as watcher:
            yield _event("setup", self._set_up())
            before: dict[str, Any] | None = None
            while not watcher.closed:
                now = shown(served.lane.screen(), languages)
                if now != before:
                    yield _event("screen", now)
                before = now
                if not await watcher.changed_within(ALIVE_SECONDS, self.clock):
                    yield _event("alive", {})

    def _set_up(self) -> dict[str, Any]:
        spoken = [language(code) for code in self.settings.choice]
        return {
            "release": RELEASE,
            "alive_seconds": ALIVE_SECONDS,
            "languages": [{"code": each.code, "name": each.name, "words": each.page} for each in spoken],
            "help_number": self.settings.help_number,
            "keypad": self.settings.keypad,
        }

    # --- what a screen passes on ---

    async def _press(self, request: Request) -> Response:
        name, served = self._known(request)
        press = await _body(request, Press)
        if press.button is Button.HELP:
            return self._help(name, served)
        self._slow_down(served)
        if not takes_press(served.lane.screen(), press.button, press.plate):
            raise HTTPException(409, "The screen has changed")
        _LOG.info("kiosk.pressed", lane=name, button=press.button)
        served.lane.press(press.button)
        return Response(status_code=204)

    def _help(self, name: LaneName, served: Served) -> Response:
        if served.presses.calls(self.clock.monotonic()):
            _LOG.info("kiosk.pressed", lane=name, button=Button.HELP)
            served.lane.press(Button.HELP)
        return Response(status_code=204)

    async def _type(self, request: Request) -> Response:
        name, served = self._known(request)
        choice = await _body(request, Choice)
        self._slow_down(served)
        if not served.lane.screen().choose_type:
            raise HTTPException(409, "The screen has changed")
        _LOG.info("kiosk.chosen", lane=name, vehicle_type=choice.vehicle_type)
        served.lane.choose(choice.vehicle_type)
        return Response(status_code=204)

    async def _code(self, request: Request) -> Response:
        name, served = self._known(request)
        typed = await _body(request, Typed)
        self._slow_down(served)
        try:
            code = read_code(typed.text)
        except ValueError:
            raise HTTPException(422, "That isn't a ticket code") from None
        if not takes_code(served.lane.screen()):
            raise HTTPException(409, "The screen has changed")
        _LOG.info("kiosk.code_typed", lane=name)
        served.lane.present_code(code)
        return Response(status_code=204)

    # --- who may ---

    def _named(self, request: Request) -> tuple[LaneName, Served]:
        name = LaneName(request.path_params["lane"])
        if name not in self.lanes:
            raise HTTPException(404, "There is no such lane")
        return name, self.lanes[name]

    def _known(self, request: Request) -> tuple[LaneName, Served]:
        name, served = self._named(request)
        if not self._has_session(request, name):
            raise HTTPException(401, "This screen needs its link")
        return name, served

    def _has_session(self, request: Request, name: LaneName) -> bool:
        return is_sealed(self.secret, name, request.cookies.get(COOKIE, ""))

    def _may_begin(self, request: Request, name: LaneName, token: str | None) -> bool:
        if self.settings.on_loopback or self._has_session(request, name):
            return True
        return token is not None and is_token(self.secret, name, token)

    def _set_cookie(self, answer: Response, name: LaneName) -> None:
        answer.set_cookie(
            COOKIE,
            sealed(self.secret, name, secrets.token_urlsafe(12)),
            max_age=_COOKIE_SECONDS,
            path=f"/{name}",
            httponly=True,
            samesite="strict",
        )

    def _slow_down(self, served: Served) -> None:
        if not served.presses.allowed(self.clock.monotonic()):
            raise HTTPException(429, "Too many presses")


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _ASSETS:
        raise HTTPException(404)
    return FileResponse(_PAGE / name, headers={"Cache-Control": "no-cache"})


async def _body(request: Request, kind: type[B]) -> B:
    """Raises HTTPException for anything but a small JSON body of that kind. What it said isn't repeated."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "JSON is expected")
    said = bytearray()
    try:
        async for part in request.stream():
            said += part
            if len(said) > _BODY_BYTES:
                raise HTTPException(413, "That is too long")
        return kind.model_validate_json(bytes(said))
    except (ValidationError, ClientDisconnect):
        raise HTTPException(400, "That isn't understood") from None


def _event(name: str, data: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _digest(names: tuple[str, ...]) -> str:
    return sha256(b"".join((_PAGE / name).read_bytes() for name in names)).hexdigest()[:12]


_ASSETS = ("kiosk.css", "kiosk.js", "link.js", "view.js", "keypad.js")
RELEASE = _digest(("kiosk.html", *_ASSETS))
"""A page of another release than the daemon's loads itself again."""
