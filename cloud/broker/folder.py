"""The folder that the broker reads: its configuration, certificate, rules and passwords.

Passwords are written anew from the database each time, so that a run that was cut short is mended by the next one.
"""

from __future__ import annotations

import grp
import json
import os
import signal
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from cloud.broker import authority
from cloud.broker.passwords import Login, hashed, new_password, password_file
from cloud.broker.rules import CLOUD_USER, cloud_acl, lots_acl
from models.instants import Instant

LOTS_PORT, CLOUD_PORT = 8883, 8884
CLOUD_ADDRESS = "127.0.0.1"
STATE, PID_FILE = "/var/lib/mosquitto/", "/run/mosquitto/mosquitto.pid"
_EVERYWHERE = ("", "0.0.0.0", "::")
_PUBLIC, _PRIVATE = 0o644, 0o640
_BROKERS_GROUP = "mosquitto"


class NoBroker(Exception):
    """The folder isn't one that `parkgate-cloud broker setup` made, or can't be read or written."""


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """How the broker is reached. `names` are those that its certificate is for, the first the one that lots are told.

    `state` is where Mosquitto keeps what it holds, `pid_file` where it writes its process number.
    """

    names: tuple[str, ...]
    lots_port: int = LOTS_PORT
    lots_address: str = ""
    cloud_port: int = CLOUD_PORT
    cloud_address: str = CLOUD_ADDRESS
    state: str = STATE
    pid_file: str = PID_FILE

    @property
    def host(self) -> str:
        return self.names[0]

    @property
    def cloud_host(self) -> str:
        """Where the cloud's processes find their listener."""
        return self.host if self.cloud_address in _EVERYWHERE else self.cloud_address

    @property
    def certified(self) -> tuple[str, ...]:
        """What the certificate is for: the cloud checks it, too, and mostly reaches the broker over the loopback."""
        return tuple(dict.fromkeys((*self.names, self.cloud_host)))


@dataclass(frozen=True, slots=True)
class BrokerFolder:
    """Where the broker's files are."""

    path: Path

    @property
    def conf(self) -> Path:
        return self.path / "mosquitto.conf"

    @property
    def authority_certificate(self) -> Path:
        return self.path / "authority.crt"

    @property
    def cloud_password(self) -> Path:
        return self.path / "cloud.password"

    def plan(self) -> BrokerPlan:
        """Raises NoBroker."""
        try:
            written = json.loads((self.path / "broker.json").read_text(encoding="utf-8"))
            return BrokerPlan(**{**written, "names": tuple(written["names"])})
        except (OSError, ValueError, TypeError, KeyError) as wrong:
            why = getattr(wrong, "strerror", None) or "it isn't as this release writes it"
            raise NoBroker(
                f"{self.path / 'broker.json'}: {why}; `parkgate-cloud broker setup` makes the folder"
            ) from None

    def authority(self) -> str:
        """The certificate that the lots have to trust, as PEM. Raises NoBroker."""
        try:
            return self.authority_certificate.read_text(encoding="ascii")
        except OSError as wrong:
            raise NoBroker(f"{self.authority_certificate}: {wrong.strerror}") from None

    def set_up(self, plan: BrokerPlan, logins: Iterable[Login], at: Instant) -> None:
        """Write everything. The authority and the cloud's password of before are kept, or every lot would have to be
        enrolled anew. Raises NoBroker."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._certify(plan.certified, at)
            self._write("lots.acl", lots_acl(), _PRIVATE)
            self._write("cloud.acl", cloud_acl(), _PRIVATE)
            self._write("cloud.passwords", password_file([Login(CLOUD_USER, hashed(self._password_of_the_cloud()))]))
            self._write("lots.passwords", password_file(logins))
            self._write("mosquitto.conf", configuration(plan, self.path), _PUBLIC)
            self._write("broker.json", json.dumps(asdict(plan), indent=2) + "\n", _PUBLIC)
        except OSError as wrong:
            raise NoBroker(f"{wrong.filename or self.path}: {wrong.strerror}") from None

    def renew_passwords(self, logins: Iterable[Login]) -> bool:
        """Tell the broker who may log in now. False: it isn't running here, and has to be told by hand. Raises
        NoBroker."""
        plan = self.plan()
        try:
            self._write("lots.passwords", password_file(logins))
        except OSError as wrong:
            raise NoBroker(f"{wrong.filename or self.path}: {wrong.strerror}") from None
        with suppress(OSError, ValueError):
            os.kill(int(Path(plan.pid_file).read_text(encoding="ascii")), signal.SIGHUP)
            return True
        return False

    def _certify(self, names: Sequence[str], at: Instant) -> None:
        if not (self.path / "authority.key").exists():
            key = authority.new_key()
            self._write("authority.key", authority.key_pem(key).decode(), 0o600)
            self._write(
                "authority.crt", authority.certificate_pem(authority.authority_certificate(key, at)).decode(), _PUBLIC
            )
        signer = authority.key_from_pem((self.path / "authority.key").read_bytes())
        ours = authority.certificate_from_pem(self.authority_certificate.read_bytes())
        key = authority.new_key()
        certificate = authority.server_certificate(names, key, ours, signer, at)
        self._write("server.key", authority.key_pem(key).decode())
        self._write("server.crt", authority.certificate_pem(certificate).decode(), _PUBLIC)

    def _password_of_the_cloud(self) -> str:
        if not self.cloud_password.exists():
            self._write("cloud.password", new_password() + "\n", 0o600)
        return self.cloud_password.read_text(encoding="ascii").strip()

    def _write(self, name: str, text: str, mode: int = _PRIVATE) -> None:
        """Whole or not at all; what the broker reads belongs to its group where there is one."""
        descriptor, scratch = tempfile.mkstemp(dir=self.path, prefix=f".{name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            with suppress(KeyError, PermissionError):
                if mode == _PRIVATE:
                    os.chown(scratch, -1, grp.getgrnam(_BROKERS_GROUP).gr_gid)
            os.chmod(scratch, mode)
            os.replace(scratch, self.path / name)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(scratch)
            raise


def configuration(plan: BrokerPlan, folder: Path) -> str:
    """Mosquitto's own file. Two listeners: on that of the lots a client is called what it logged in as, so that none
    can push another off by taking its name; the cloud's processes each have a name of their own."""
    return f"""# Written by `parkgate-cloud broker setup`. For Mosquitto 2: mosquitto -c {folder}/mosquitto.conf
per_listener_settings true
persistence true
persistence_location {plan.state}
autosave_interval 60
pid_file {plan.pid_file}
log_dest stderr
# Lots and cloud keep what matters until the other side has it: the broker's own queues hold no more than what 500 lots
# may have under way to the cloud at once, when all of them come back: eight windows each, of about 27 KB, at most 64.
# That is 108 MB, and 262 at most. What is beyond is dropped, and its lot sends it again only after a wait.
max_queued_messages 5000
max_queued_bytes 268435456
max_inflight_messages 32
message_size_limit 262144

# The lots.
listener {plan.lots_port}{f" {plan.lots_address}" if plan.lots_address else ""}
certfile {folder}/server.crt
keyfile {folder}/server.key
tls_version tlsv1.2
allow_anonymous false
password_file {folder}/lots.passwords
acl_file {folder}/lots.acl
use_username_as_clientid true

# The cloud.
listener {plan.cloud_port} {plan.cloud_address}
certfile {folder}/server.crt
keyfile {folder}/server.key
tls_version tlsv1.2
allow_anonymous false
password_file {folder}/cloud.passwords
acl_file {folder}/cloud.acl
"""
