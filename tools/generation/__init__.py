"""What generating chords and melodies shares: sampling, counts, seeds, provenance."""
