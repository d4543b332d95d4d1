"""Scores of transcriptions, of symbolic music, and of models of chords and melodies."""
