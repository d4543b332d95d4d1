"""Chord decisions from the melody and a chord model, and the key of the melody."""
