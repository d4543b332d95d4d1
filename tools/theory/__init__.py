"""Music theory as tables and small functions: pitches, intervals, keys, chords, what they do."""
