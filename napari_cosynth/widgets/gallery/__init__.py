"""The tiles that were made: cards to look through and to decide."""
