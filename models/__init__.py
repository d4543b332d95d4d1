"""Nets and their weights: tensors and ids in and out, no music and no files of music."""
