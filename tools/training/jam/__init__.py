"""Fits the parameters of `muse jam`: of melodies, chords and keys."""
