"""Transformer over chords that can copy: config, attention and net (torch), inference (numpy)."""
