"""Figures of symbolic music: what a set of songs is like, beside real music."""
