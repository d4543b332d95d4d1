"""Recurrent net over chords or tokens: config, net (torch), inference (numpy)."""
