"""Melodies over chords: songs as arrays and columns, models that count, scoring."""
