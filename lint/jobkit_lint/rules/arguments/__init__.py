"""What a job is given."""
