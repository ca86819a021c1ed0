"""Which faults are tried, in which order, and what each delivery did."""
