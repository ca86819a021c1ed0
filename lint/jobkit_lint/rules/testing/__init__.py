"""Tests of jobs, and settings that belong to tests."""
