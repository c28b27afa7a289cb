"""Ways of losing data, tried on the whole product: `python -m tests.chaos.<name> --n N`."""
