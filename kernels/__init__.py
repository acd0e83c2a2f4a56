"""Numbers in, numbers out: one scalar function per formula, thin loops over arrays."""
