"""What a camera shows: its newest frame, what of that counts, whether something moves, and the picture that is kept."""
