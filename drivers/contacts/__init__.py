"""What contacts have in common, whatever carries their orders, and what an arm's position is derived from."""
