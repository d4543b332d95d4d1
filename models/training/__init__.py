"""The training loop: exact resume, several devices, early stopping; knows nothing about music."""
