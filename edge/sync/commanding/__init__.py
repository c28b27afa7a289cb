"""Commands from afar: asked for first, judged, carried out once, and each refusal on record."""
