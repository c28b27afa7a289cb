"""The lives of vision processes: how they begin, how one is seen to hang, and what ended it."""
