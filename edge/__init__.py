"""The daemon at one lot."""
