"""Harmonization: how well chords fit a melody's notes, and the search for a progression."""
