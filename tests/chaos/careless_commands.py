"""The edge daemon with one safeguard of its commands off, for the negative controls: PARKGATE_CARELESS says which."""

from __future__ import annotations

import os
from typing import Any

from edge.cli import main
from edge.sync.commanding import commands
from edge.sync.commanding.nonces import Nonces, Standing
from models.ids import LotId
from models.wire.envelopes import unpack
from models.wire.seals import Keyring, Sealed, SealedAs


def nonces() -> None:
    """Every nonce is good, for any number of commands, and nobody looks whether one was taken before."""
    Nonces.standing = lambda self, nonce, now: Standing.FRESH
    Nonces.burn = lambda self, nonce: None
    commands.take = lambda tx, command: True
    commands.Commands._end = _said_only


async def _said_only(self: commands.Commands, command: Any, end: Any, said: str) -> None:
    self._answer(command, end, said)


def signatures() -> None:
    """Whatever says that it is from the cloud is believed."""

    def unseal(self: Keyring, what: SealedAs, lot: LotId, kind: Any, payload: bytes) -> Any:
        return kind.model_validate_json(unpack(Sealed, payload).text)

    Keyring.unseal = unseal  # type: ignore[method-assign]


if __name__ == "__main__":
    {"NONCES": nonces, "SIGNATURES": signatures}[os.environ["PARKGATE_CARELESS"]]()
    main()
