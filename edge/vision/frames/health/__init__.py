"""How a camera's pictures are: whether they can be used, whether they change, whether anything shows in them. Pure."""
