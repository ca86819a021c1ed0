"""What a job does to the worker, the process and the data that it shares with others."""
