"""Chords for a given melody: how chords fit notes, and the search for a progression."""
