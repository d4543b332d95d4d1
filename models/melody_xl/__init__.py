"""Transformer-XL over melody notes: config, attention and net (torch), inference (numpy)."""
