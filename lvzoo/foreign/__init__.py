"""Wrappers for networks that were trained elsewhere, so that a plugin can offer them beside the models of lvzoo.

Import the file that you need: `lvzoo.foreign.wrap` for a torch module, `lvzoo.foreign.onnx` for an ONNX file.
"""
