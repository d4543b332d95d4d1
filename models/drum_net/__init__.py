"""Net that finds drum hits in a log spectrum: config, net (torch), inference (ONNX)."""
