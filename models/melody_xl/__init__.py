"""Transformer-XL over the notes of a melody: config, net (torch), inference (numpy)."""
