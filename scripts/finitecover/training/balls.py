"""The balls of an attack, as objects: project into, step along, start inside. Perturbations are tensors (n, c, h, w).

Radii are tensors (n,), one per image, because a generalised attack gives each centre its own (eps + r_c). They are
float64 up to where perturbations of float32 images need them in float32: see `float32_radii`.
"""

import torch


class Linf:
    """max |delta| <= radius."""

    @staticmethod
    def project(delta, radius):
        """The nearest point of the ball."""
        bound = radius.view(-1, 1, 1, 1)
        return torch.minimum(torch.maximum(delta, -bound), bound)

    @staticmethod
    def steepest(gradient):
        """The direction of norm 1 along which a linear function with this gradient grows fastest."""
        return gradient.sign()

    @staticmethod
    def random(images, radius, generator):
        """Uniform in the ball."""
        noise = torch.rand(images.shape, generator=generator).to(images.device)
        return (2 * noise - 1) * radius.view(-1, 1, 1, 1)

    @staticmethod
    def length(delta):
        """Norm of each perturbation, (n,)."""
        return delta.flatten(1).abs().amax(1)


class L2:
    """sqrt(sum delta^2) <= radius."""

    @staticmethod
    def project(delta, radius):
        """The nearest point of the ball."""
        factor = (radius / L2.length(delta).clamp_min(1e-12)).clamp_max(1.0)
        return delta * factor.view(-1, 1, 1, 1)

    @staticmethod
    def steepest(gradient):
        """The direction of norm 1 along which a linear function with this gradient grows fastest."""
        return gradient / L2.length(gradient).clamp_min(1e-12).view(-1, 1, 1, 1)

    @staticmethod
    def random(images, radius, generator):
        """A direction uniform on the sphere, a length uniform up to the radius."""
        noise = torch.randn(images.shape, generator=generator).to(images.device)
        length = torch.rand(len(images), generator=generator).to(images.device) * radius
        return L2.steepest(noise) * length.view(-1, 1, 1, 1)

    @staticmethod
    def length(delta):
        """Norm of each perturbation, (n,)."""
        return delta.flatten(1).norm(dim=1)


def float32_radii(radii, outwards=True):
    """Radii (n,) in float32, none of them smaller than given, so that each ball holds what it held.

    outwards=False: none of them larger, so that nothing lies beyond the radius given. To the nearest, half of all radii
    would become smaller and the other half larger.
    """
    nearest = radii.float()
    exact, found = radii.double(), nearest.double()
    wrong, bound = (found < exact, torch.inf) if outwards else (found > exact, -torch.inf)
    return torch.where(wrong, torch.nextafter(nearest, torch.full_like(nearest, bound)), nearest)


BALLS = {"linf": Linf, "l2": L2}


def ball_of(norm):
    """The ball of a norm; raises `ValueError` for one that has none here."""
    if norm not in BALLS:
        raise ValueError(f"no perturbations in norm {norm!r}; choose one of {', '.join(BALLS)}")
    return BALLS[norm]
