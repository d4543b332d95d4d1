"""Segmental model that cuts beats into chords: config, net (torch), inference (numpy)."""
