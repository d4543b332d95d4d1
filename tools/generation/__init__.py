"""What chords and melodies share in generation: sampling, Witten-Bell counts and seeds."""
