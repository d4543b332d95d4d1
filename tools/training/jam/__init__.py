"""Fits what muse jam knows of melodies, chords and keys."""
