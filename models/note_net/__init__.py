"""Note and onset net for pitched parts: net (torch), inference (ONNX)."""
