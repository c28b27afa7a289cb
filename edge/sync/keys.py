"""The keys of the cloud that this lot believes: those of its enrolment's file, and what the cloud has changed since."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from drivers.contract import FaultReporter
from edge.sync.faults import NO_KEYS as NO_KEYS_FAULT
from models.wire.keys import Trust
from models.wire.seals import NO_KEYS, Keyring


class NoKeys(OSError):
    """There is no file with keys that can be read. The text says which and why."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """The keys after a change, and the file of keys (its hash) that this change led on from."""

    trust: Trust
    file: str


def keys_in(path: Path) -> tuple[str, ...]:
    """The public keys in a file: base64, one a line, the newest last, beside comments that begin with #.

    Raises NoKeys.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as wrong:
        reason = getattr(wrong, "strerror", None) or "not a text file"
        raise NoKeys(f"the cloud's keys in {path} can't be read: {reason}") from None
    keys = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    if not keys:
        raise NoKeys(f"there is no key in {path}: take the file that came with the lot's enrolment")
    try:
        Keyring.of(keys)
    except ValueError as wrong:
        raise NoKeys(f"{path}: {wrong}") from None
    return keys


class TrustedKeys:
    """The keys as they are now. A lot without any goes on working, and believes nothing from the cloud.

    What was learnt goes over the file that it led on from. Another file is another enrolment: it begins anew.
    """

    def __init__(self, path: Path, faults: FaultReporter) -> None:
        self._path, self._faults = path, faults
        self._in_file: tuple[str, ...] | None = None
        self._learnt: Learnt | None = None
        self.trust: Trust | None = None
        self.keyring = NO_KEYS

    @property
    def file(self) -> str | None:
        """What tells this enrolment's keys from another's."""
        if self._in_file is None:
            return None if self._learnt is None else self._learnt.file
        return hashlib.sha256("\n".join(self._in_file).encode()).hexdigest()

    def reload(self) -> None:
        """Read the file anew. What was known stays known while it can't be read."""
        try:
            self._in_file = keys_in(self._path)
        except NoKeys as wrong:
            self._faults.raised(NO_KEYS_FAULT, str(wrong))
        else:
            self._faults.cleared(NO_KEYS_FAULT)
        self._weigh()

    def adopt(self, learnt: Learnt | None) -> None:
        """The cloud has changed its keys since the enrolment."""
        self._learnt = learnt
        self._weigh()

    def _weigh(self) -> None:
        if self._learnt is not None and self._learnt.file == self.file:
            self.trust = self._learnt.trust
        elif self._in_file is not None:
            self.trust = Trust(0, self._in_file)
        self.keyring = NO_KEYS if self.trust is None else Keyring.of(self.trust.keys)
