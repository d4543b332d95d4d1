"""Net that tells what kind of instrument plays in a recording: config, net, inference (ONNX)."""
