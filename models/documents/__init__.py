"""What people write: the text of a YAML file as values, each with its place, and what is wrong with it."""
