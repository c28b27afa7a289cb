"""The keys that sign what goes down to the lots: files that only the cloud may read, and how they change.

Beside the key that signs lies a file `.chain` with every change so far, as it is told to the lots. It holds no secret.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from models.ids import LotId
from models.wire.envelopes import Malformed
from models.wire.keys import Trust, announced, changed
from models.wire.seals import Forged, SealedAs, Signer, key_id


class NoSigningKey(Exception):
    """There is no key that can be used. The text names the file and what to do, never what stands in it."""


class NoSuchChange(Exception):
    """The keys can't be changed like that. The text says why and what to do."""


def signer_in(path: Path | None) -> Signer:
    """The key that PARKGATE_SIGNING_KEY_FILE names. Raises NoSigningKey."""
    if path is None:
        raise NoSigningKey(
            "PARKGATE_SIGNING_KEY_FILE: a file is expected; `parkgate-cloud signing new FILE` makes the first"
        )
    try:
        return signer_at(path)
    except NoSigningKey as wrong:
        raise NoSigningKey(f"PARKGATE_SIGNING_KEY_FILE: {wrong}") from None


def signer_at(path: Path) -> Signer:
    """The key of a file that a person named. Raises NoSigningKey."""
    try:
        return Signer.from_text(path.read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError, ValueError) as wrong:
        why = getattr(wrong, "strerror", None) or "a key is expected, as `parkgate-cloud signing new` writes it"
        raise NoSigningKey(f"{path}: {why}") from None


def new_signer(path: Path) -> Signer:
    """A new key in a new file. Raises NoSigningKey, also when there is a file: a key is never written over."""
    signer = Signer.generated()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(signer.text + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as wrong:
        raise NoSigningKey(f"{path}: {wrong.strerror}") from None
    return signer


class SigningKey:
    """The key that signs from day to day: when its file is replaced, the new one signs from then on."""

    def __init__(self, path: Path | None) -> None:
        """Raises NoSigningKey."""
        self._signer = signer_in(path)
        self._path, self._seen = path, _state_of(path)

    @property
    def signer(self) -> Signer:
        now = _state_of(self._path)
        if now is not None and now != self._seen:
            try:
                self._signer = signer_in(self._path)
            except NoSigningKey:
                return self._signer  # half written: the next message looks again
            self._seen = now
        return self._signer

    def seal(self, what: SealedAs, lot: LotId, message: BaseModel) -> bytes:
        return self.signer.seal(what, lot, message)


@dataclass(frozen=True, slots=True)
class KeyChain:
    """Every change of the keys so far, as published, and the keys that it leads to."""

    messages: Sequence[bytes]
    trust: Trust


def chain_path(key_file: Path) -> Path:
    return key_file.with_name(key_file.name + ".chain")


def chain_beside(key_file: Path) -> KeyChain:
    """As it is now; without a file, the key that signs is the only one. Raises NoSigningKey."""
    path = chain_path(key_file)
    if not path.exists():
        return KeyChain((), Trust(0, (signer_in(key_file).public_text,)))
    try:
        first, *lines = path.read_text(encoding="ascii").split()
        trust = Trust(0, (first,))
        messages = [base64.b64decode(line, validate=True) for line in lines]
        for message in messages:
            trust = changed(trust, message)
    except (OSError, ValueError, binascii.Error) as wrong:
        raise NoSigningKey(f"{path}: can't be read as the record of the keys ({type(wrong).__name__})") from None
    return KeyChain(tuple(messages), trust)


def keys_to_believe(key_file: Path | None) -> tuple[str, ...]:
    """The public keys that a lot gets at its enrolment, the newest last. Raises NoSigningKey."""
    signer = signer_in(key_file)
    return chain_beside(key_file).trust.keys if key_file is not None else (signer.public_text,)


def changed_chain(key_file: Path, keys: Sequence[str], newest: Signer) -> KeyChain:
    """The chain with one more message, written so that a reader finds the old one or the new one, whole.

    Raises NoSigningKey, NoSuchChange.
    """
    chain = chain_beside(key_file)
    first = chain.trust.newest if not chain.messages else chain_path(key_file).read_text(encoding="ascii").split()[0]
    try:
        message = announced(chain.trust, keys, newest)
    except Forged as wrong:
        newest_id = key_id(chain.trust.newest)
        raise NoSuchChange(f"{wrong}. The newest key is {newest_id}: name its file with --with") from None
    except Malformed as wrong:
        raise NoSuchChange(str(wrong)) from None
    messages = (*chain.messages, message)
    _write_whole(
        chain_path(key_file), "\n".join([first, *(base64.b64encode(each).decode() for each in messages), ""]), 0o644
    )
    return KeyChain(messages, changed(chain.trust, message))


def take_into_use(key_file: Path, next_file: Path) -> Signer:
    """From now on the key in `next_file` signs from day to day. Raises NoSigningKey, NoSuchChange when no lot would
    believe it."""
    signer = signer_at(next_file)
    if signer.public_text not in chain_beside(key_file).trust.keys:
        raise NoSuchChange(
            f"the lots don't know the key in {next_file}; `parkgate-cloud signing next` makes one that they learn"
        )
    if not chain_path(key_file).exists():
        return signer  # it is the one that signs already
    _write_whole(key_file, signer.text + "\n", 0o600)
    return signer


def _write_whole(path: Path, text: str, mode: int) -> None:
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            _belongs_as_before(descriptor, path)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as wrong:
        raise NoSigningKey(f"{path}: {wrong.strerror}") from None


def _belongs_as_before(descriptor: int, path: Path) -> None:
    """Whoever runs the cloud must still be able to read it when root has changed it."""
    if path.exists() and os.geteuid() == 0:
        before = path.stat()
        os.fchown(descriptor, before.st_uid, before.st_gid)
        os.fchmod(descriptor, before.st_mode & 0o777)


def _state_of(path: Path | None) -> tuple[int, int] | None:
    """What changes when the file does; None while it isn't there."""
    try:
        found = os.stat(path) if path is not None else None
    except OSError:
        return None
    return None if found is None else (found.st_mtime_ns, found.st_ino)
