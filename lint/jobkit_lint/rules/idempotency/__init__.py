"""What happens when a job runs twice."""
