"""Minimal finite covers of one class. Public: `cover_with_radius`, `cover_with_budget`, and their result, `Cover`.

    from finitecover.covers import cover_with_budget
    cover = cover_with_budget(points, k=10)  # points (n, ...) in [0, 1]

They are loaded when they are first asked for, so that the verifier, which trusts nothing of the solver's, need not
import it.
"""

__all__ = ["Cover", "cover_with_budget", "cover_with_radius"]


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from finitecover.covers import search

    return getattr(search, name)


def __dir__():
    return __all__
