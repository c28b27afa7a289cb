"""Joins the operators' page to the application: guard, sign-in, assets, and NiceGUI's pages."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from nicegui import core, ui

# Imported for what they declare: NiceGUI keeps pages in one place for the whole process.
from cloud.console import lot_page, overview_page, sign_in  # noqa: F401
from cloud.console.console import Console
from cloud.console.guard import PATH, Guard
from cloud.console.settings import ConsoleSettings
from cloud.service import Cloud

BROWSER = Path(__file__).parent / "browser"
RECONNECT_SECONDS = 20


def mounted(app: FastAPI, cloud: Cloud) -> None:
    console = Console(cloud, ConsoleSettings())
    app.add_middleware(Guard, console=console)
    app.add_api_route("/", _to_the_page, include_in_schema=False)
    app.include_router(sign_in.router)
    app.mount(f"{PATH}/assets", StaticFiles(directory=BROWSER), name="console-assets")
    # NiceGUI is one app for the process; whoever makes a second application (tests do) starts it anew.
    core.app.middleware_stack = None
    core.app.user_middleware.clear()
    ui.run_with(
        app,
        mount_path=PATH,
        title="Parkgate",
        favicon=(BROWSER / "mark.svg").read_text(),
        dark=None,
        language="en-US",
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_SECONDS,
        show_welcome_message=False,
    )


async def _to_the_page() -> RedirectResponse:
    return RedirectResponse(f"{PATH}/", 307)
