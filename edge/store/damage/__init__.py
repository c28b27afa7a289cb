"""Whether a store is still what was written to it, and how another is made of what can be read of a damaged one."""
