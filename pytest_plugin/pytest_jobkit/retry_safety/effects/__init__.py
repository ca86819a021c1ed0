"""What a job does to the world: effects, where they report, how they are counted, how a worker dies."""
