"""Where a vehicle is led to: which of the free spots suits it best, by the lot's own rules. Pure and deterministic.

Nothing here knows of a store: `choosing.choose` is given what is free, and names the bay. So the rules can be tried
against every lot that a property test can think of.
"""

from models.allocation.choosing import choose
from models.allocation.places import Bay, Seeker, names_of
from models.allocation.rules import AS_WRITTEN, Criterion, Plan, Rule, WhenZoneFull

__all__ = ["AS_WRITTEN", "Bay", "Criterion", "Plan", "Rule", "Seeker", "WhenZoneFull", "choose", "names_of"]
