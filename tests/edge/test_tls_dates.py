"""A lot that doesn't know the time reaches its broker, and still no stranger's: on a real Mosquitto with TLS."""

from __future__ import annotations

import datetime as dt
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from drivers.broker import BrokerSettings, TlsSettings
from edge.clock import SystemClock
from edge.doctor.login import NoWay, log_in
from models.instants import Instant, Reading
from simulator.servers import Mosquitto
from tests.brokers import USERS

_OVER = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)


class ClockThat(SystemClock):
    """Real time; whether a time server was heard is up to the test."""

    def __init__(self, *, knows: bool) -> None:
        super().__init__()
        self.knows = knows

    def read(self) -> Reading:
        now = super().read()
        return Reading(now.boot_id, now.monotonic, Instant(now.wall), self.knows)


@dataclass(frozen=True)
class Authority:
    """Signs certificates, all of which have ended long ago."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def founded(cls) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])
        built = _until(dt.datetime(2100, 1, 1, tzinfo=dt.UTC), name, name, key.public_key())
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return cls(key, built.add_extension(usage, critical=True).sign(key, hashes.SHA256()))

    def write(self, folder: Path) -> Path:
        path = folder / f"{id(self)}.pem"
        path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return path

    def expired(self, name: str, folder: Path) -> tuple[Path, Path]:
        """A certificate for that name and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        built = _until(_OVER + dt.timedelta(days=1), subject, self.certificate.subject, key.public_key())
        built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        signed = built.sign(self.key, hashes.SHA256())
        paths = folder / "broker.pem", folder / "broker.key"
        paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        form = serialization.PrivateFormat.PKCS8
        paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
        return paths


def _until(
    ends: dt.datetime, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_OVER)
        .not_valid_after(ends)
    )


@contextmanager
def a_broker(folder: Path, authority: Authority, name: str = "localhost") -> Iterator[Mosquitto]:
    certificate, key = authority.expired(name, folder)
    with Mosquitto(folder / "broker", USERS, settings=[f"certfile {certificate}", f"keyfile {key}"]) as server:
        yield server


def login(server: Mosquitto, authority: Path, tmp_path: Path) -> BrokerSettings:
    password = tmp_path / "password"
    password.write_text(USERS["lot"])
    tls = TlsSettings(ca=authority)
    return BrokerSettings(host="localhost", port=server.port, username="lot", password_file=password, tls=tls)


@pytest.fixture
def authority() -> Authority:
    return Authority.founded()


def test_who_does_not_know_the_time_does_not_ask_whether_a_certificate_has_ended(
    tmp_path: Path, authority: Authority
) -> None:
    with a_broker(tmp_path, authority) as server:
        assert log_in(login(server, authority.write(tmp_path), tmp_path), ClockThat(knows=False)) > 0


def test_who_knows_the_time_does(tmp_path: Path, authority: Authority) -> None:
    with a_broker(tmp_path, authority) as server, pytest.raises(NoWay, match="expired"):
        log_in(login(server, authority.write(tmp_path), tmp_path), ClockThat(knows=True))


def test_from_the_moment_that_the_time_is_known_the_next_connection_looks_at_dates(
    tmp_path: Path, authority: Authority
) -> None:
    clock = ClockThat(knows=False)
    context = BrokerSettings(host="x", tls=TlsSettings(ca=authority.write(tmp_path))).tls_context(clock)
    assert context is not None
    looks: list[bool] = []
    for knows in (False, True, False):
        clock.knows = knows
        context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="x")
        looks.append(not context.verify_flags & 0x200000)
    assert looks == [False, True, False]


def test_a_strangers_broker_is_refused_whatever_the_time(tmp_path: Path, authority: Authority) -> None:
    with a_broker(tmp_path, Authority.founded()) as server, pytest.raises(NoWay):
        log_in(login(server, authority.write(tmp_path), tmp_path), ClockThat(knows=False))


def test_so_is_one_of_another_name(tmp_path: Path, authority: Authority) -> None:
    with a_broker(tmp_path, authority, name="elsewhere.example") as server, pytest.raises(NoWay):
        log_in(login(server, authority.write(tmp_path), tmp_path), ClockThat(knows=False))
