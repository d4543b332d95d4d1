"""Which chord comes: the ear, the brain, and how the two are mixed."""
