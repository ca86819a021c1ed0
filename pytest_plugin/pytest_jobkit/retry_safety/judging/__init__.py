"""What is compared with the run without faults, and which differences somebody would notice."""
