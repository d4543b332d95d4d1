"""Convolutional net that recognizes intervals in mel spectrograms: config, net (torch)."""
