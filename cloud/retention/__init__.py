"""What the cloud forgets, by its own clock and days: a lot that is off line for months doesn't keep it from that."""
