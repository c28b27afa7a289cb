"""Stands before the page: no other site's page, and no name that isn't this machine's, gets an answer."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.kiosk.settings import KioskSettings

# Everything comes from here: a script, style, font or picture of another host is refused by the browser itself.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:;"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_PROXIED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Guard:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, settings: KioskSettings) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refused = refusal(self._settings, scope["method"], Headers(scope=scope))
        answer = self._app if refused is None else PlainTextResponse(refused, 403)
        await answer(scope, receive, _with_headers(send))


def refusal(settings: KioskSettings, method: str, headers: Headers) -> str | None:
    """Why this request gets no answer; None for one that may pass.

    A page of another site can send requests to this machine, also under a name of its own that it turned to our
    address. What names another host, or comes from another page, is therefore none of ours.
    """
    host = headers.get("host", "")
    if not _is_ours(settings, host):
        return "This screen isn't reached by that name: see kiosk.host"
    if settings.on_loopback and any(name in headers for name in _PROXIED):
        # Whoever stands behind a proxy would count as this machine.
        return "This page serves screens at this machine, not through a proxy"
    if method not in ("GET", "HEAD") and headers.get("origin") != f"http://{host}":
        return "This request came from another page"
    return None


def _is_ours(settings: KioskSettings, host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        name, port = parts.hostname or "", parts.port or 80
    except ValueError:
        return False
    if port != settings.port:
        return False
    if settings.host is not None and name == urlsplit(f"//{settings.host}").hostname:
        return True
    if settings.on_loopback and name == "localhost":
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    listened = ipaddress.ip_address(settings.listen)
    # An address can't be turned elsewhere as a name can, so any of this machine's will do where all are listened on.
    return address == listened or listened.is_unspecified


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.setdefault("Cache-Control", "no-store")
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return sending
