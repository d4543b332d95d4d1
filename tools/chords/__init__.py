"""Models of chord progressions: their data, what counting knows, scores, and generation."""
