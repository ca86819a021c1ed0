"""About the linting itself: files that cannot be read, comments that keep nothing back, old baselines."""
