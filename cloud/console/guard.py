"""Stands before the operators' page: nothing behind it is served, and no socket opens, without a valid session."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.console.console import Console
from cloud.console.following import AWAY
from cloud.console.operators import Operator, find_operator
from cloud.db.connect import plainly

PATH = "/console"
OPEN = (f"{PATH}/sign-in", f"{PATH}/links")
ASSETS = f"{PATH}/assets/"
LIBRARY = f"{PATH}/_nicegui/"
"""NiceGUI's own scripts and styles: they hold no data, so the cookie's seal is enough for them."""

# Everything comes from here: a font, tile or script of another host is refused by the browser itself.
# The page's framework compiles its templates in the browser, hence unsafe-eval and unsafe-inline.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_DATABASE_AWAY = "The database can't be reached just now. This page tries again by itself."
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Guard:
    """ASGI middleware. Requests that pass find `request.state.console` and, signed in, `request.state.operator`."""

    def __init__(self, app: ASGIApp, console: Console) -> None:
        self._app, self._console = app, console

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or not _ours(_path(scope)):
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["console"] = self._console
        refused = await self._refused(scope)
        if refused is None:
            await self._app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refused(scope, receive, _with_headers(send))

    async def _refused(self, scope: Scope) -> Response | None:
        """The answer for whoever may not pass; None for whoever may."""
        if not _same_origin(scope):
            return PlainTextResponse("This request came from another site.", 403)
        path = _path(scope)
        if path in OPEN or path.startswith(ASSETS):
            return None
        session = self._console.session(HTTPConnection(scope))
        if session is None:
            return _sign_in_first(scope)
        scope["state"]["session"] = session
        if path.startswith(LIBRARY):
            return None
        try:
            operator = await self._operator(session.key)
        except AWAY:
            return PlainTextResponse(_DATABASE_AWAY, 503, {"Refresh": "5", "Retry-After": "5"})
        if operator is None:
            return _sign_in_first(scope)
        scope["state"]["operator"] = operator
        return None

    async def _operator(self, key: str) -> Operator | None:
        with plainly():
            async with self._console.engine.connect() as connection:
                return await find_operator(connection, key)


def _path(scope: Scope) -> str:
    """The path as routes see it: without what a server in front of us put before it."""
    return scope["path"].removeprefix(scope.get("root_path", ""))


def _ours(path: str) -> bool:
    return path == PATH or path.startswith(f"{PATH}/")


def _same_origin(scope: Scope) -> bool:
    """Browsers name the origin of sockets and of forms: another site's page may not use the operator's cookie."""
    if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and "/_nicegui_ws/" not in _path(scope):
        return True
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _sign_in_first(scope: Scope) -> Response:
    page = (
        scope["type"] == "http" and scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")
    )
    if page:
        return RedirectResponse(f"{PATH}/sign-in", 303)
    return PlainTextResponse("Sign in first.", 401)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
