"""Readers of labelled tiles, crops and captions for training and measuring."""
