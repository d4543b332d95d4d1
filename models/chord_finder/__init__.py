"""Segmental model that cuts a row of beats into chords: config, inference."""
