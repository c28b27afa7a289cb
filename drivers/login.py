"""A user's name and password for a device, kept out of addresses, settings and logs."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from drivers.broker import NoPassword
from drivers.first_line import first_line


class Login(BaseModel):
    """How to log in. The password itself is never part of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    username: str | None = None
    """Name to log in with, where it isn't the product's usual one"""
    password_env: str | None = None
    """Environment variable that holds the password"""
    password_file: Path | None = None
    """File whose first line is the password"""

    @model_validator(mode="after")
    def _one_place_for_the_password(self) -> Login:
        if self.password_env and self.password_file:
            raise ValueError("the password has one place: password_env or password_file, not both")
        if self.username is not None and not (self.password_env or self.password_file):
            raise ValueError("a username needs its password: name it with password_env or password_file")
        return self

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
