"""A learned generator of structure: where nuclei of each class crowd in glands, nests, rims and bands.

It makes density maps; the point process of `layouts` places the nuclei in them.
"""
