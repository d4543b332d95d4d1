"""Scores: transcriptions, chord and melody models, figures of symbolic music."""
