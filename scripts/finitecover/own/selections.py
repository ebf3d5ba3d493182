"""Your own ways to choose real images; docs/extending.md has an example.

Every function here whose name has no leading underscore is an ``algorithm`` of methods of family coreset. It is called
for each class by itself, as those of `coresets.selection` are: points (n, d) float32 in [0, 1], budget k, NumPy
generator in; k distinct positions out.
"""
