"""Texts to unit vectors: the bundled encoder, its ONNX graph, and what runs it."""
