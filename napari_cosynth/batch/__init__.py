"""Synthesis at scale: a plan becomes layouts, tiles and a data set, on one machine or many.

`run.run_batch` is the one way through; command line and dock draw from it.
"""
