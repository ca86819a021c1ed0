"""Where and when jobs are put on a queue."""
