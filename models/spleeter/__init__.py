"""Spleeter's 2-stem net: net (torch), and the reader of its published checkpoints."""
