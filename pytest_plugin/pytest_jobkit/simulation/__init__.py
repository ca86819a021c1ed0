"""Simulated retries: what a job does when its attempts fail, on the test's clock."""
