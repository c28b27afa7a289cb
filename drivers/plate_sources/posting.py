"""What all cameras that post their plates have in common: where, with which secret, and that they are still there."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from drivers.contract import DriverContext
from drivers.first_line import first_line
from drivers.plate_sources.faults import CROWDED, GARBLED, LISTENING, NO_TOKEN, NOT_SERVED, SILENT, STRANGER
from drivers.plate_sources.heard import Heard
from drivers.plate_sources.listener import PREFIX, Post, PostListener, Reply, Where
from drivers.values import Port, Seconds
from models.faults import Fault
from models.instants import SECOND, Monotonic

SHORTEST_TOKEN = 16
_LOOKS_SECONDS = 1.0


class CertificateSettings(BaseModel):
    """With what this computer proves who it is, to cameras that post by HTTPS."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    certificate: Path
    """File with the certificate and those that lead to its authority (PEM)"""
    key: Path
    """File with its key (PEM)"""


class PostSettings(BaseModel):
    """Where a camera posts its plates to, and the secret that it has to know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    listen: str = "127.0.0.1"
    """Address of this computer at which the camera posts, such as 192.168.1.10; 127.0.0.1: only what runs on this
    computer"""
    port: Port = 8071
    """TCP port there; cameras of several lanes may share it"""
    tls: CertificateSettings | None = None
    """A certificate, for cameras that post by HTTPS; without one the secret goes through the network as it is"""
    token_env: str | None = None
    """Environment variable with the secret"""
    token_file: Path | None = None
    """File whose first line is the secret, of at least 16 characters: `openssl rand -hex 16`"""
    silent_after: Seconds | None = Field(default=None)
    """For a camera that gives a sign of life by itself: silent for longer than this, it counts as gone"""

    @field_validator("listen")
    @classmethod
    def _an_address(cls, listen: str) -> str:
        try:
            return "127.0.0.1" if listen == "localhost" else str(ipaddress.ip_address(listen))
        except ValueError:
            raise ValueError("an address of this computer is expected, such as 127.0.0.1 or 192.168.1.10") from None

    @model_validator(mode="after")
    def _a_secret(self) -> PostSettings:
        if (self.token_env is None) == (self.token_file is None):
            raise ValueError("the secret has one place: token_env or token_file; without one nobody is listened to")
        return self

    @property
    def on_loopback(self) -> bool:
        return ipaddress.ip_address(self.listen).is_loopback

    def listener(self, context: DriverContext) -> PostListener:
        files = (None, None) if self.tls is None else (str(self.tls.certificate), str(self.tls.key))
        where = Where(self.listen, self.port, *files)
        return context.shared.setdefault(("plates", where), PostListener(where, context.clock))

    def claim(self) -> Mapping[str, tuple[str, str]]:
        """What may be shared: a port, by cameras that use it alike."""
        use = "plain HTTP" if self.tls is None else f"HTTPS with {self.tls.certificate}"
        return {"port": (f"port {self.port}", f"{self.listen}, {use}")}

    def token(self) -> str:
        """Read at each post, so that a changed secret needs no restart. Raises OSError; the text never holds it."""
        if self.token_env is not None:
            token = os.environ.get(self.token_env, "")
            place = f"the environment variable {self.token_env}"
        else:
            assert self.token_file is not None, "one of them is named"
            place = str(self.token_file)
            try:
                token = first_line(self.token_file).strip()
            except OSError as wrong:
                raise OSError(f"{place}: {wrong}") from None
        if len(token) < SHORTEST_TOKEN:
            raise OSError(f"{place} holds no secret of at least {SHORTEST_TOKEN} characters")
        return token


class Posted:
    """A camera's end at the listener. `understand` takes a post in and says what to answer; ValueError: garbled."""

    faults: ClassVar[tuple[Fault, ...]] = (*LISTENING, SILENT, GARBLED, STRANGER, CROWDED)

    def __init__(self, settings: PostSettings, context: DriverContext, understand: Callable[[Post], Reply]) -> None:
        self._settings, self._context, self._understand = settings, context, understand
        self._listener = settings.listener(context)
        self._heard_at = Monotonic(0)
        self._watching: asyncio.Task[None] | None = None
        self.name = context.part.removesuffix(".camera").removesuffix(".far_camera") + (
            ".far" if context.part.endswith(".far_camera") else ""
        )

    @property
    def path(self) -> str:
        return f"/{PREFIX}/{self.name}"

    async def start(self) -> None:
        self._heard_at = self._context.clock.monotonic()
        self.secret()
        await self._listener.join(self)
        if self._watching is None and self._settings.silent_after is not None:
            self._watching = asyncio.create_task(self._watch(self._settings.silent_after), name=self._context.part)

    async def stop(self) -> None:
        await self._listener.leave(self)
        if self._watching is not None:
            watching, self._watching = self._watching, None
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    # --- what the listener tells ---

    def secret(self) -> str | None:
        try:
            token = self._settings.token()
        except OSError as wrong:
            self._context.faults.raised(NO_TOKEN, str(wrong))
            return None
        self._context.faults.cleared(NO_TOKEN)
        return token

    def stranger(self) -> None:
        self._context.faults.raised(STRANGER, f"a post to {self.path} without the right secret")

    def astray(self) -> None:
        where = f"this lane's secret was posted to an address that names no lane here; expected is {self.path}"
        self._context.faults.raised(STRANGER, where)

    def posted(self, post: Post) -> Reply:
        self._context.faults.cleared(STRANGER)
        self.alive()
        try:
            reply = self._understand(post)
        except (ValueError, ArithmeticError, RecursionError) as wrong:
            self.garbled(str(wrong))
            return Reply(400, b'{"error": "this is no event that is understood here"}')
        if reply.status < 300:
            self._context.faults.cleared(GARBLED)
        return reply

    def garbled(self, detail: str) -> None:
        self._context.faults.raised(GARBLED, detail[:200])

    def served(self, detail: str | None) -> None:
        if detail is None:
            self._context.faults.cleared(NOT_SERVED)
        else:
            self._context.faults.raised(NOT_SERVED, detail)

    def crowded(self, detail: str | None) -> None:
        if detail is None:
            self._context.faults.cleared(CROWDED)
        else:
            self._context.faults.raised(CROWDED, detail)

    def alive(self) -> None:
        self._heard_at = self._context.clock.monotonic()
        self._context.faults.cleared(SILENT)

    async def _watch(self, patience: float) -> None:
        while True:
            await self._context.clock.sleep(_LOOKS_SECONDS)
            silent = (self._context.clock.monotonic() - self._heard_at) / SECOND
            if silent > patience:
                self._context.faults.raised(SILENT, f"nothing for {patience:g} s")


class Ears:
    """Those who want to hear what a camera says."""

    def __init__(self) -> None:
        self._heard_by: list[Callable[[Heard], None]] = []

    def on_heard(self, heard: Callable[[Heard], None]) -> None:
        self._heard_by.append(heard)

    def tell(self, heard: Heard) -> None:
        for each in self._heard_by:
            each(heard)
