"""napari's layers, kept in step with the session."""
