"""What an arming loop tells of the vehicles on it, whoever reads their plates."""

from __future__ import annotations

from models.instants import SECOND

ECHO = 60 * SECOND
"""For so long after a vehicle has left, its plate is none of one that isn't there yet; of one that is on the loop it
may be: then its driver is asked"""
