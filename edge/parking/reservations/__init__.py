"""Reservations at the gate: the places kept back for them, who comes on one, and what beside it is to be paid."""
