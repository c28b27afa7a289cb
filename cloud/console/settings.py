"""What the operators' page is told from outside (PARKGATE_CONSOLE_...): its secret and how long a sign-in lasts."""

from __future__ import annotations

import secrets

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ConsoleSettings(BaseSettings):
    """Nothing here is required. Without a secret each process makes its own, and a restart signs everybody out."""

    model_config = SettingsConfigDict(env_prefix="PARKGATE_CONSOLE_", frozen=True, extra="ignore")

    secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(32)),
        min_length=32,
        description="Seals the session cookie; the same for all processes behind one address",
    )
    session_hours: int = Field(default=12, ge=1, le=24 * 30, description="Hours after which one signs in again")
    secure_cookie: bool = Field(default=False, description="Send the cookie over TLS only: true wherever TLS is")
