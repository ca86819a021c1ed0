"""The page of `--jobkit-report` and the lines of `--jobkit-trace`."""
