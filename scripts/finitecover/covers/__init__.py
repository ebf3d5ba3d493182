"""Finite covers of one class. Public: `cover_with_radius`, `cover_with_budget`, and their result, `Cover`, with centres
among the points; `free_cover`, `free_cover_with_radius`, and their result, `FreeCover`, with centres anywhere.

    from finitecover.covers import cover_with_budget, free_cover
    cover = cover_with_budget(points, k=10)  # points (n, ...) in [0, 1]
    cover = free_cover(points, k=10)

They are loaded when they are first asked for, so that the verifier, which trusts nothing of the solver's, need not
import it.
"""

__all__ = ["Cover", "FreeCover", "cover_with_budget", "cover_with_radius", "free_cover", "free_cover_with_radius"]


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from finitecover.covers import free, search

    return getattr(search if hasattr(search, name) else free, name)


def __dir__():
    return __all__
