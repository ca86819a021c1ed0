"""jobkit: a reference engine for background jobs on a virtual clock. PYTEST_DONT_REWRITE"""
