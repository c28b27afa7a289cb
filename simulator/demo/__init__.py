"""The demonstration: a whole lot, its cloud and their servers on one machine, and proof that their books agree."""
