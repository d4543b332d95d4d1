"""Nets that judge tempos and find the beat in onsets: config, net (torch), inference (numpy)."""
