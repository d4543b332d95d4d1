"""Training data in four forms: chords, melody, notes and patterns."""
