"""What is asked for: tile, nuclei by class, prompt."""
