"""`python -m napari_cosynth.cli`, as `accelerate launch` starts it."""

from napari_cosynth.cli import app

if __name__ == "__main__":
    app()
