"""What a cover may be asked for: arguments as the search takes them, or an error that says what would be right."""

from numbers import Integral, Real

import numpy as np

from finitecover.covers.distances import flatten
from finitecover.norms import order

LARGEST_POWER = 64  # finite, of a distance whose mean free centres minimise: above, infinity is near and found better
LARGEST = 1e100  # of a point's values: squares, sums of them and their inverses must stay floats


def checked(points, norm):
    """Points (n, ...) as a float64 matrix (n, d); raises `ValueError` as `search.cover_with_radius` does."""
    order(norm)  # raises for one that is unknown
    if np.ma.is_masked(points):
        raise ValueError("points hold masked values, which would count like others; remove them first")
    points = np.asarray(points)
    if points.ndim == 0 or points.size == 0:
        raise ValueError(f"points have shape {points.shape}; expected (n, ...) with n > 0")
    if points.dtype.kind not in "buif":
        raise ValueError(f"points are of type {points.dtype}; expected real numbers")
    points = flatten(points)
    if not np.isfinite(points).all():
        raise ValueError("points hold NaN or infinite values; remove them first")
    largest = max(points.max(), -points.min())
    if largest and not 1 / LARGEST <= largest <= LARGEST:
        raise ValueError(f"points reach {largest:g}, where distances are no numbers; scale them to [0, 1]")
    return points


def checked_features(features, n):
    """Features (n, d) of n points as a float64 matrix; raises `ValueError`."""
    try:
        features = checked(features, "l2")
    except ValueError as error:
        raise ValueError(f"features: {error}") from None
    if len(features) != n:
        raise ValueError(f"features are of {len(features)} points; expected {n}, one row per point")
    return features


def check_radius(radius):
    """Raise `ValueError` unless a cover can have a radius."""
    if not (isinstance(radius, Real) and np.isfinite(radius) and radius >= 0):
        raise ValueError(f"radius is {radius!r}; it must be a finite number >= 0")


def check_budget(k, n):
    """Raise `ValueError` unless k centres can be chosen from n points."""
    if isinstance(k, bool) or not isinstance(k, Integral) or not 1 <= k <= n:
        raise ValueError(f"k is {k!r}; it must be a whole number between 1 and the number of points, {n}")


def check_seed(seed):
    """Raise `ValueError` unless random generators can begin with it."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed < 2**31:
        raise ValueError(f"seed is {seed!r}; it must be a whole number from 0 to {2**31 - 1}")


def check_time_limit(seconds):
    """Raise `ValueError` unless a search can be given so many seconds, or None for no limit."""
    if seconds is not None and not (isinstance(seconds, Real) and seconds >= 0):
        raise ValueError(f"time_limit is {seconds!r}; it must be a number of seconds >= 0, or None for no limit")


def check_free(power, norm):
    """Raise `ValueError` unless free centres can be had for a power of the distance in a norm."""
    if isinstance(power, bool) or not isinstance(power, Real) or not (1 <= power <= LARGEST_POWER or power == np.inf):
        raise ValueError(f"power is {power!r}; it must be a number from 1 to {LARGEST_POWER}, or infinity")
    if norm != "l2" and (norm, power) not in (("l1", 1), ("linf", np.inf)):
        raise ValueError(f"no free centres of power {power:g} in {norm}; choose l2, or power 1 in l1, infinity in linf")


def check_relaxations(uncovered, slack=0.0, density=0.0):
    """Raise `ValueError` unless these can be asked of a relaxed cover."""
    limits = {
        "uncovered": (uncovered, lambda share: 0 <= share < 1, "at least 0 and below 1"),
        "slack": (slack, lambda share: 0 <= share < np.inf, "at least 0"),
        "density": (density, lambda share: 0 <= share <= 1, "between 0 and 1"),
    }
    for name, (value, allowed, limit) in limits.items():
        if not (isinstance(value, Real) and allowed(value)):
            raise ValueError(f"{name} is {value!r}; it must be a number {limit}")
