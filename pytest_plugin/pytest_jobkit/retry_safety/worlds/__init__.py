"""The world: everything that survives the worker process, how it is made, saved and put back."""
