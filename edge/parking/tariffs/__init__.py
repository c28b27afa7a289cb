"""What a stay costs here: the tariff in force, its price now, and the reckoning of one stay."""
