"""Several deliveries at once: one step is one effect, and between two steps nothing else runs."""
