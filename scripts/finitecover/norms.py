"""Norms by name: their order p, and those that perturbations are measured in. Without imports: every stage reads it."""

ORDER = {"l1": 1.0, "l2": 2.0, "linf": float("inf")}
PERTURBED = ("l2", "linf")  # training sets hold a radius in each; `training.balls` has their balls


def order(norm):
    """The p of a norm (sum |x|^p)^(1/p); raises `ValueError` unless the norm is known."""
    if norm not in ORDER:
        raise ValueError(f"unknown norm {norm!r}; choose one of {', '.join(ORDER)}")
    return ORDER[norm]


def symbol(norm):
    """The norm in LaTeX's mathematics."""
    p = order(norm)
    below = r"\infty" if p == float("inf") else f"{p:g}" if p in range(10) else f"{{{p:g}}}"
    return rf"\ell_{below}"
