"""A price policy tried on a day of made-up traffic before drivers see it."""
