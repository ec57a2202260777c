"""From tiles of the session to a data set."""
