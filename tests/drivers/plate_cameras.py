"""A web server like those in cameras: digest login, and an answer of many parts that never ends."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

USER, PASSWORD = "parkgate", "a camera's password"


@dataclass
class Camera:
    """Says its parts to whoever has logged in. `boundary` as it stands in the body, without dashes."""

    boundary: str = "boundary"
    content_type: str = "multipart/mixed; boundary={boundary}"
    status: int = 200
    qop: str = "auth"
    port: int = 0
    asked: list[str] = field(default_factory=list[str])
    refused: int = 0
    """Requests with a wrong login; the first one of each connection has none"""
    _writers: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])
    _nonce: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def listened_to(self) -> bool:
        return bool(self._writers)

    def says(self, content: bytes, kind: str = "application/xml", length: int | None = -1, name: str = "") -> None:
        size = len(content) if length == -1 else length
        head = f"--{self.boundary}\r\nContent-Type: {kind}\r\n"
        head += f'Content-Disposition: form-data; name="{name}"\r\n' if name else ""
        head += "" if size is None else f"Content-Length: {size}\r\n"
        self.raw(head.encode() + b"\r\n" + content + b"\r\n")

    def raw(self, content: bytes) -> None:
        for writer in self._writers:
            writer.write(content)

    def hangs_up(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.asked.append(head.split(" ")[1])
                if self.status != 200:
                    writer.write(f"HTTP/1.1 {self.status} No\r\nContent-Length: 0\r\n\r\n".encode())
                elif not self._is_logged_in(head):
                    challenge = f'Digest realm="cam", qop="{self.qop}", nonce="{self._nonce}", opaque="", algorithm=MD5'
                    answer = f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {challenge}\r\nContent-Length: 0\r\n\r\n"
                    writer.write(answer.encode())
                else:
                    kind = self.content_type.format(boundary=self.boundary)
                    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode())
                    self._writers.add(writer)
                    await reader.read()
                    break
                await writer.drain()
        self._writers.discard(writer)
        writer.close()

    def _is_logged_in(self, head: str) -> bool:
        line = next((line for line in head.splitlines() if line.lower().startswith("authorization: digest")), None)
        if line is None:
            return False
        said = {key: quoted or plain for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', line)}
        method, target, _ = head.split(" ", 2)
        ours = _md5(
            ":".join((_md5(f"{USER}:cam:{PASSWORD}"), said["nonce"], said["nc"], said["cnonce"], "auth",
                      _md5(f"{method}:{target}")))
        )  # fmt: skip
        right = said["response"] == ours and said["nonce"] == self._nonce and said["uri"] == target
        self.refused += not right
        return right


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@asynccontextmanager
async def switched_on(camera: Camera) -> AsyncIterator[Camera]:
    server = await asyncio.start_server(camera.met, "127.0.0.1", camera.port)
    camera.port = server.sockets[0].getsockname()[1]
    try:
        yield camera
    finally:
        camera.hangs_up()
        server.close()


def is_open(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0
