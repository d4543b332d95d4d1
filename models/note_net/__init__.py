"""Net that finds notes of pitched parts in spectra: config, net (torch), inference (ONNX)."""
