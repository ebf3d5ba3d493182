"""Your own attacks; docs/extending.md has an example.

Every function here whose name has no leading underscore is a ``function`` of attacks of kind own. It is called as
``function(model, images, labels, eps, norm, generator)``: images (n, c, h, w) in [0, 1], labels (n,), eps a number,
norm l2 or linf, a PyTorch generator on the CPU; it returns images of the same shape. They count towards the worst case,
and gates check that they stay in the ball and in [0, 1].
"""
