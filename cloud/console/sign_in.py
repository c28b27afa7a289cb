"""Signing in with an API key or a one-time link, and signing out."""

from __future__ import annotations

import html
from pathlib import Path
from string import Template
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from cloud.console.console import COOKIE, Console
from cloud.console.following import AWAY
from cloud.console.guard import PATH
from cloud.db.connect import plainly
from cloud.keys import ApiKey, find_key
from models.instants import HOUR, SECOND

log = structlog.get_logger(__name__)
router = APIRouter(prefix=PATH, include_in_schema=False)

_PAGE = Template((Path(__file__).parent / "browser" / "sign_in.html").read_text())
_FORM = """<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="current-password" placeholder="pk_..." maxlength="200"
 required autofocus spellcheck="false" aria-describedby="hint">"""
_LINK = """<input type="hidden" name="code" value="{code}">
<p class="pg-note">This link signs you in once.</p>
<script>document.currentScript.closest("form").submit()</script>"""
_UNKNOWN = "This key isn't known, was revoked, or may not read."
_SPENT = "This link was used already, or is more than ten minutes old."
_AWAY = "The database can't be reached just now. Try again in a moment."


@router.get("/sign-in")
async def show(code: str | None = None) -> Response:
    """The form; with a link's code one that sends itself, so that a preview of the link doesn't use it up."""
    return _page(_FORM if code is None else _LINK.format(code=html.escape(code[:200])))


@router.post("/sign-in")
async def sign_in(
    request: Request,
    key: Annotated[str, Form(max_length=200)] = "",
    code: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    console: Console = request.state.console
    address = request.client.host if request.client else ""
    wait = console.attempts.wait(address, console.clock.monotonic())
    if wait:
        return _page(_FORM, f"Too many wrong keys from here. Try again in {wait} s.", 429, {"Retry-After": str(wait)})
    try:
        known = console.links.redeem(code, console.now()) if code else await _key(console, key.strip())
    except AWAY:
        return _page(_FORM, _AWAY, 503)
    if known is None:
        console.attempts.failed(address, console.clock.monotonic())
        log.warning("console.sign_in_refused", address=address, by="link" if code else "key")
        return _page(_FORM, _SPENT if code else _UNKNOWN, 401)
    return _signed_in(console, known)


@router.post("/sign-out")
async def sign_out(request: Request) -> Response:
    console: Console = request.state.console
    console.sessions.end(request.state.session, console.now())
    response = RedirectResponse(f"{PATH}/sign-in", 303)
    response.delete_cookie(COOKIE, path=PATH)
    return response


@router.get("/session")
async def still_signed_in() -> Response:
    """For an open page that lost its connection: whether it is still signed in. The guard answers 401 when not."""
    return Response(status_code=204)


@router.post("/links")
async def mint_link(request: Request) -> Response:
    """A path that signs in once, within ten minutes, as the key in `Authorization: Bearer pk_...`."""
    console: Console = request.state.console
    address = request.client.host if request.client else ""
    if console.attempts.wait(address, console.clock.monotonic()):
        return JSONResponse({"error": {"code": "too_many_attempts", "message": "Too many wrong keys from here."}}, 429)
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    try:
        known = await _key(console, text.strip()) if kind.lower() == "bearer" else None
    except AWAY:
        return JSONResponse({"error": {"code": "database_away", "message": _AWAY}}, 503)
    if known is None:
        console.attempts.failed(address, console.clock.monotonic())
        return JSONResponse({"error": {"code": "key_unknown", "message": _UNKNOWN}}, 401)
    return JSONResponse({"path": f"{PATH}/sign-in?code={console.links.mint(known, console.now())}"}, 201)


async def _key(console: Console, text: str) -> str | None:
    """The id of the key, if it may read."""
    with plainly():
        async with console.engine.connect() as connection:
            key: ApiKey | None = await find_key(connection, text, console.now())
    return key.id if key is not None and key.may("read") else None


def _signed_in(console: Console, key: str) -> Response:
    session, cookie = console.sessions.begin(key, console.now())
    response = RedirectResponse(f"{PATH}/", 303)
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=console.own.session_hours * HOUR // SECOND,
        path=PATH,
        secure=console.own.secure_cookie,
        httponly=True,
        samesite="strict",
    )
    log.info("console.signed_in", key=key, session=session.id[:6])
    return response


def _page(fields: str, problem: str = "", status: int = 200, headers: dict[str, str] | None = None) -> Response:
    said = f'<p class="pg-problem" role="alert">{html.escape(problem)}</p>' if problem else ""
    text = _PAGE.substitute(fields=fields, problem=said, action=f"{PATH}/sign-in", assets=f"{PATH}/assets")
    return HTMLResponse(text, status, {"Cache-Control": "no-store", **(headers or {})})
