"""jobkit_lint: finds the jobs that would not survive a retry, a crash or a duplicate. PYTEST_DONT_REWRITE"""
