"""Intents about the policy of a lot as a whole."""

from __future__ import annotations

from typing import Literal

from models.intents.base import Intent


class PolicyOverruled(Intent, type="policy.overruled", version=1, about="policy", ends=True):
    """An operator has settled that the cloud's word holds, not what the lot had: revisions before may be missing."""

    policy: Literal["all"] = "all"
