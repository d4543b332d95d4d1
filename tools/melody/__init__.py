"""Melodies over chords: models, sampling note by note, and ranking by realism."""
