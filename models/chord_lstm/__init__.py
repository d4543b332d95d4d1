"""Recurrent net over chords or tokens: net (torch), inference (numpy)."""
