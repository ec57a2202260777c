"""Generators of layouts that look like tissue, fitted from labelled folders.

Numbers and points only: no image, no torch, no canvas.
"""
