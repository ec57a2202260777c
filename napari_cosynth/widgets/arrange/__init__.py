"""Layouts suggested, areas filled, nuclei locked."""
