"""A plan's tiles in the background: the queue panel and what runs behind it."""
