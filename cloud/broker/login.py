"""The files with which the cloud logs in at the broker, tried before anything begins to connect."""

from __future__ import annotations

import ssl

from cloud.settings import CloudSettings


class NoLogin(Exception):
    """A file for the login can't be used. The text names the setting, the file and what is wrong with it."""


def try_login(settings: CloudSettings) -> None:
    """Raises NoLogin. Later each part would only fail again and again."""
    try:
        settings.broker_password()
    except (OSError, UnicodeDecodeError) as wrong:
        raise NoLogin(_said("MQTT_PASSWORD_FILE", settings.mqtt_password_file, wrong)) from None
    if not settings.mqtt_tls or settings.mqtt_ca_file is None:
        return
    try:
        ssl.create_default_context(cafile=str(settings.mqtt_ca_file))
    except OSError as wrong:
        raise NoLogin(_said("MQTT_CA_FILE", settings.mqtt_ca_file, wrong)) from None


def _said(setting: str, path: object, wrong: OSError | UnicodeDecodeError) -> str:
    if isinstance(wrong, ssl.SSLError):
        why = "a certificate is expected, as authority.crt in the broker's folder is one"
    elif isinstance(wrong, OSError):
        why = wrong.strerror or type(wrong).__name__
    else:
        why = "text is expected, a password in its first line"
    return f"PARKGATE_{setting}: {path}: {why}"
