"""The napari dock: panels over one value each, and what binds them. Nothing outside knows Qt or napari."""
