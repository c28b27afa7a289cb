"""Where they park: the layout, and which spot a vehicle is led to."""
