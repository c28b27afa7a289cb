"""What stands before many a broker: it speaks TLS, and packs what the broker said into as few records as it can."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cloud.broker import authority
from cloud.clock import SystemClock

_GATHERED_SECONDS = 0.3
_RECORD_BYTES = 16_384


@contextmanager
def tls_before(port: int, folder: Path) -> Iterator[tuple[int, Path]]:
    """Its port, and the certificate of its authority. Serves one connection to the broker at `port`."""
    certificate, context = _certified(folder)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_serve, args=(listening, context, port), daemon=True)
        serving.start()
        yield listening.getsockname()[1], certificate
    serving.join(10)


def _serve(listening: socket.socket, context: ssl.SSLContext, port: int) -> None:
    """One thread reads and writes: a TLS connection bears no two at once."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as broker:
        client = context.wrap_socket(listening.accept()[0], server_side=True)
        client.settimeout(0.01)
        broker.settimeout(0.01)
        gathered, since = b"", time.monotonic()
        with client:
            while True:
                with suppress(TimeoutError):
                    said = client.recv(_RECORD_BYTES)
                    if not said:
                        return
                    broker.sendall(said)
                with suppress(TimeoutError):
                    gathered += broker.recv(_RECORD_BYTES)
                if gathered and time.monotonic() - since > _GATHERED_SECONDS:
                    client.sendall(gathered)
                    gathered, since = b"", time.monotonic()


def _certified(folder: Path) -> tuple[Path, ssl.SSLContext]:
    now = SystemClock().read().wall
    signer, key = authority.new_key(), authority.new_key()
    signed_by = authority.authority_certificate(signer, now)
    certificate = authority.server_certificate(("127.0.0.1",), key, signed_by, signer, now)
    (folder / "authority.crt").write_bytes(authority.certificate_pem(signed_by))
    (folder / "server.pem").write_bytes(authority.key_pem(key) + authority.certificate_pem(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return folder / "authority.crt", context
