"""Who may pass, where they park and what they owe: the parking service of the lot, working on its own store."""
