"""pytest_jobkit: puts the jobkit engine under a test."""
