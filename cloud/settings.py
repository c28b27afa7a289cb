"""What the cloud is told from outside: addresses, names and secrets, from the environment (PARKGATE_...)."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class CloudSettings(BaseSettings):
    """One process of the cloud. Secrets are `SecretStr`: printing or logging the settings shows none of them."""

    model_config = SettingsConfigDict(env_prefix="PARKGATE_", frozen=True, extra="ignore")

    database_url: SecretStr = Field(description="postgresql://user:password@host:port/database")
    database_pool: int = Field(default=8, ge=2, le=100, description="Most connections for queries")

    ingest_pool: int = Field(
        default=4, ge=2, le=100, description="Most connections for facts: transactions side by side"
    )

    http_host: str = Field(default="127.0.0.1", description="Address that the API and the operators' page listen on")
    http_port: int = Field(default=8080, ge=0, le=65535)

    console: bool = Field(default=True, description="Whether this process shows the operators' page")

    ingest: bool = Field(default=True, description="Whether this process takes facts from the broker")
    signing_key_file: Path | None = Field(
        default=None, description="File with the key that signs all that goes down to the lots; needed for ingest"
    )
    broker_folder: Path | None = Field(
        default=None, description="Folder that `parkgate-cloud broker setup` made; for enrolling lots on this machine"
    )
    mqtt_host: str = Field(default="127.0.0.1", description="The broker that the lots publish to")
    mqtt_port: int = Field(default=1883, ge=1, le=65535)
    mqtt_username: str | None = None
    mqtt_password: SecretStr | None = None
    mqtt_password_file: Path | None = Field(default=None, description="File whose first line is the password")
    mqtt_tls: bool = Field(default=False, description="Speak TLS and check the broker's certificate")
    mqtt_ca_file: Path | None = Field(default=None, description="Authority to trust instead of the system's")
    mqtt_keepalive: int = Field(default=30, ge=5, description="Seconds")
    mqtt_client_id: str = Field(
        default_factory=lambda: f"parkgate-cloud-{socket.gethostname()}-{os.getpid()}",
        description="Names this process at the broker: two processes must not share a name",
    )
    silent_after: int = Field(
        default=90, ge=30, description="Seconds without a sign of life after which a lot no longer counts as online"
    )

    retention: bool = Field(default=True, description="Whether this process may be the one that forgets what is due")
    plate_days: int = Field(
        default=30, ge=1, le=3650, description="Days after the end of a stay after which its plate is masked"
    )
    debt_plate_days: int = Field(default=365, ge=1, le=3650, description="The same for a vehicle that left unpaid")
    record_days: int = Field(
        default=400, ge=30, le=36500, description="Days that refusals, passages, calls, orders, past faults are kept"
    )
    telemetry_days: int = Field(default=30, ge=1, le=3650, description="Days that telemetry is kept")

    tenant: str = Field(default="default", description="The operator whose lots the console and the CLI show")

    def broker_password(self) -> str | None:
        """Read at each start. Raises OSError when its file can't be read."""
        if self.mqtt_password_file is not None:
            return self.mqtt_password_file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
        return None if self.mqtt_password is None else self.mqtt_password.get_secret_value()

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: SecretStr) -> SecretStr:
        if urlsplit(url.get_secret_value()).scheme not in ("postgresql", "postgres"):
            raise ValueError("a PostgreSQL address is expected, such as postgresql://user:password@host:5432/parkgate")
        return url

    @field_validator(
        "mqtt_username",
        "mqtt_password",
        "mqtt_ca_file",
        "signing_key_file",
        "broker_folder",
        "mqtt_password_file",
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value
