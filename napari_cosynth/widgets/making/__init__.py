"""From the button to a tile: settings, the thread that works, how far it is."""
