"""Spleeter's 2-stem net: config, net (torch), inference (ONNX), and its published checkpoints."""
