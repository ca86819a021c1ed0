"""The whole program: modules, names across files, jobs, the places that enqueue them, and models."""
