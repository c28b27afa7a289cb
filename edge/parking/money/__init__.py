"""How they pay: charges, the till of a lane, what is put right afterwards."""
