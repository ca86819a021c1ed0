"""How a job fails, and what then."""
