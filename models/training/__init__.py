"""Training of nets: the loop, its exact resume, and nothing about music."""
