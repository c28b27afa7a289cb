"""Certificates on a machine that may not know the time: authority and name always count, dates only with a clock."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Any

_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, for which Python has no name."""


class DatedContext(ssl.SSLContext):
    """Looks at dates while a time server has set the clock: asked anew for each connection.

    A Pi boots in 1970, when no certificate was valid yet; if that kept it from its broker, nobody would hear of it.
    """

    knows_the_time: Callable[[], bool] = staticmethod(lambda: True)

    def wrap_socket(self, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        self._look_at_dates_or_not()
        return super().wrap_socket(*args, **kwargs)

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        self._look_at_dates_or_not()
        return super().wrap_bio(*args, **kwargs)

    def _look_at_dates_or_not(self) -> None:
        if self.knows_the_time():
            self.verify_flags &= ~_NO_CHECK_TIME
        else:
            self.verify_flags |= _NO_CHECK_TIME


def client_context(
    knows_the_time: Callable[[], bool], cafile: str | None = None, authorities: bytes | None = None
) -> ssl.SSLContext:
    """For a client, as `ssl.create_default_context` makes it: with the authorities of a file (PEM), given ones (DER,
    one after another), or the machine's own. Raises OSError (ssl.SSLError included) when they can't be read."""
    usual = ssl.create_default_context(cafile=cafile, cadata=authorities)
    context = DatedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.knows_the_time = knows_the_time
    context.options, context.verify_flags = usual.options, usual.verify_flags
    if cafile is None and authorities is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cafile=cafile, cadata=authorities)
    return context
