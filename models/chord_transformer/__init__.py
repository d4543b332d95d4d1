"""Transformer over chords that can copy: attention and net (torch), inference (numpy)."""
