"""A hold that was ordered: the contact that keeps the arm up, and whether it still does as far as anybody knows."""

from __future__ import annotations

from drivers.contacts.barrier import Contact


class Hold:
    """`wanted`: it was ordered, perhaps in vain. `stands`: its contact was made, and is taken to be so still.

    `left`: an orderly stop leaves the contact made, and the arm up.
    """

    def __init__(self, contact: Contact, left: bool) -> None:
        self.contact, self.left = contact, left
        self.wanted = self.stands = False

    async def make(self) -> None:
        await self.contact.make()
        self.stands = True

    async def end(self) -> None:
        self.wanted = self.stands = False
        await self.contact.open()

    def is_lost(self) -> bool:
        """Whether it has stood until now: a board that has been away can't always say that it forgot its relays, so
        that one of which nothing is known has lost it as well."""
        lost = self.stands and self.contact.relay.on is not True
        self.stands = self.stands and not lost
        return lost

    def is_back(self) -> bool:
        """Whether a lost one turns out to stand: the board was only silent for a while."""
        relay = self.contact.relay
        back = self.wanted and not self.stands and relay.reads_back and relay.on is True
        self.stands = self.stands or back
        return back
