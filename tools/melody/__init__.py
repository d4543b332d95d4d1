"""Melodies over chords: models, sampling note by note, ranking by realism."""
