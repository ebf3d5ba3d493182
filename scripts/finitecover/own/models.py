"""Your own networks; docs/extending.md has an example.

Every function here whose name has no leading underscore is an ``architecture``. It is called as
``function(shape, width, depth)`` with shape (c, h, w), and returns a module from normalised images (n, c, h, w) to
features (n, m), on which the linear classifier stands.
"""
