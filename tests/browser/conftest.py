"""A cloud that serves the operators' page, a browser to open it in, and operators with keys."""

from __future__ import annotations

import itertools
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from cloud.api.app import create_app
from cloud.db import connect, migrate
from cloud.settings import CloudSettings
from simulator.servers import Postgres, free_port
from tests.browser.garages import Operator, elsewhere
from tests.cloud.conftest import settings_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SILENT_AFTER = 30
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def cloud_settings(postgres: Postgres) -> Iterator[CloudSettings]:
    name = f"browser_{uuid4().hex}"
    settings = settings_for(
        postgres.create_database(name), console=True, http_port=free_port(), silent_after=SILENT_AFTER
    )

    async def migrated() -> None:
        engine = connect.engine(settings)
        await migrate.upgrade(engine)
        await engine.dispose()

    elsewhere(migrated())
    yield settings
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def console(cloud_settings: CloudSettings) -> Iterator[str]:
    """The address of a running cloud."""
    config = uvicorn.Config(
        create_app(cloud_settings), port=cloud_settings.http_port, log_level="warning", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run, name="cloud", daemon=True)
    serving.start()
    _wait_for(lambda: server.started)
    yield f"http://127.0.0.1:{cloud_settings.http_port}"
    server.should_exit = True
    serving.join(timeout=20)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def window(chromium: Browser, console: str) -> Iterator[BrowserContext]:
    """A browser window of its own. It reports what the page asked of other machines and what failed in it."""
    context = chromium.new_context(base_url=console, viewport={"width": 1440, "height": 900}, color_scheme="dark")
    yield context
    context.close()


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    """A tab in which nothing may go wrong and from which nothing may reach another machine."""
    page = window.new_page()
    strangers: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: strangers.append(request.url) if _leaves(request.url) else None)
    page.on("websocket", lambda socket: strangers.append(socket.url) if _leaves(socket.url) else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" and _matters(said.text) else None)
    yield page
    assert strangers == []
    assert errors == []


@pytest.fixture
def operator(cloud_settings: CloudSettings) -> Operator:
    """A company of this test's own."""
    return Operator(cloud_settings, f"City Parking {next(_numbers)}")


@pytest.fixture
def sign_in(page: Page) -> Callable[[str], Page]:
    """Types a key into the sign-in form."""

    def signing_in(key: str) -> Page:
        page.goto("/console/sign-in")
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/console/")
        return page

    return signing_in


@pytest.fixture(scope="session")
def pictures() -> Path:
    return Path(__file__).resolve().parents[2] / "docs" / "pictures"


def _leaves(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1"


def _matters(text: str) -> bool:
    # The browser writes a line for each answer that is an error, also for those that a test asks for.
    return "the server responded with a status of" not in text


def _wait_for(true: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "the cloud didn't start"
        time.sleep(0.05)
