"""A digital twin: a whole lot's world that hands the daemon its time, and afterwards checks what was put on record."""
