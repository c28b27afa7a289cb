"""How an MQTT broker is reached, and how its password stays out of files, logs and errors."""

from __future__ import annotations

import ipaddress
import os
import ssl
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from drivers.first_line import first_line
from drivers.tls import client_context
from drivers.values import Host, Port, Seconds
from models.instants import Clock

PLAIN_PORT = 1883
TLS_PORT = 8883


class NoPassword(OSError):
    """The password isn't where the configuration says. The text names the place, never the password."""


class TlsSettings(BaseModel):
    """How the broker proves who it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    ca: Path | None = None
    """File with the authority that signed the broker's certificate (PEM); without it, the machine's own list"""


def _on_or_off(written: Any) -> Any:
    """`tls: true` is TLS with the machine's own authorities."""
    if isinstance(written, bool):
        return TlsSettings() if written else None
    if isinstance(written, str):
        raise ValueError("true or false is expected, or a section with the authority's file: tls: {ca: ...}")
    return written


class BrokerSettings(BaseModel):
    """An MQTT 5 broker and how to log in. The password itself is never part of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    host: Host
    """Name or address of the broker"""
    port: Port = PLAIN_PORT
    """TCP port; 8883 when TLS is on and nothing is said"""
    username: str | None = None
    """Name to log in with"""
    password_env: str | None = None
    """Environment variable that holds the password"""
    password_file: Path | None = None
    """File whose first line is the password"""
    tls: Annotated[TlsSettings | None, BeforeValidator(_on_or_off)] = None
    """`true`, or a section with the authority's file"""
    keepalive: Seconds = 15.0
    """How long the line may be silent before both sides call it dead"""

    @model_validator(mode="before")
    @classmethod
    def _tls_has_its_own_port(cls, written: Any) -> Any:
        if isinstance(written, dict) and written.get("tls") and "port" not in written:
            return {**written, "port": TLS_PORT}
        return written

    @model_validator(mode="after")
    def _one_place_for_the_password(self) -> BrokerSettings:
        if self.password_env and self.password_file:
            raise ValueError("the password has one place: password_env or password_file, not both")
        if self.username is None and (self.password_env or self.password_file):
            raise ValueError("a password needs a username beside it")
        return self

    @property
    def address(self) -> str:
        """For people: `host:port`."""
        return f"{self.host}:{self.port}"

    @property
    def on_loopback(self) -> bool:
        """Whether the broker is this very machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def password(self) -> str | None:
        """Read at each login, so that a changed password needs no restart. Raises NoPassword."""
        if self.password_env is not None:
            password = os.environ.get(self.password_env)
            if password is None:
                raise NoPassword(f"the environment variable {self.password_env} isn't set")
            return password
        if self.password_file is not None:
            try:
                return first_line(self.password_file)
            except OSError as error:
                raise NoPassword(f"the password file {self.password_file} can't be read: {error}") from None
        return None

    def tls_context(self, clock: Clock | None = None) -> ssl.SSLContext | None:
        """None for a plain connection. While the `clock` doesn't know the time, the certificate's dates don't count.

        Raises OSError (ssl.SSLError included) when the authority can't be read.
        """
        if self.tls is None:
            return None
        authority = None if self.tls.ca is None else str(self.tls.ca)
        return client_context(lambda: clock is None or clock.read().synced, authority)
