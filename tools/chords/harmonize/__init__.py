"""Chords under a given melody: how well chords fit notes, and the search for a progression."""
