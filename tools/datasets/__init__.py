"""Collections of songs: readers, near-duplicates, splits, and the training forms."""
