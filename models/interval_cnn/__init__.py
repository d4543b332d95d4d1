"""Convolutional net over mel spectrograms that classifies interval sizes."""
