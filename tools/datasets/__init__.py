"""Collections of songs: file readers, near-duplicate detection, splits and training data."""
