"""Chord progressions: models, constrained sampling, playing in a style, harmonizing a melody."""
