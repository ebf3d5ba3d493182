"""Library attacks: AutoAttack and minimal perturbations, by maintained libraries.

docs/robustness.md says why these libraries, and what was checked about them. Both take a model of pixels in [0, 1].
"""

import logging

import numpy as np
import torch

from finitecover.training.attacks import predict

log = logging.getLogger(__name__)

COMPONENTS = ("apgd-ce", "apgd-t", "fab-t", "square")  # AutoAttack's standard version, in its order
AUTOATTACK = {"linf": "Linf", "l2": "L2"}  # of AutoAttack
LEAST_CLASSES = 4  # that APGD-T's loss, a difference of logits over the third largest gap, is defined for
MINIMAL_NORM = {
    "deepfool": {"l2": "L2DeepFoolAttack", "linf": "LinfDeepFoolAttack"},
    "cw": {"l2": "L2CarliniWagnerAttack"},
}


def autoattack(model, images, labels, eps, *, norm, components=COMPONENTS, targets=9, queries=5000, seed, batch=250):
    """AutoAttack (Croce and Hein 2020) by its authors' code: (adversarial images, which component broke each).

    images (n, c, h, w) in [0, 1]; labels (n,); eps: radius in `norm`, l2 or linf; components: of its standard version,
    run in the order given on what is left of the images; targets: classes that its targeted parts try for each image,
    the likeliest first, 9 in the standard version; queries: of Square for each image, 5000 there. The second result,
    (n,), is "" where an image survived and "clean" where it was misclassified from the start; these images come back as
    they were. With fewer than ten classes every other class is a target; with fewer than four there is no APGD-T, which
    the log says.
    """
    from pyautoattack import AutoAttack

    if norm not in AUTOATTACK:
        raise ValueError(f"AutoAttack is not run in norm {norm!r}; choose one of {', '.join(AUTOATTACK)}")
    if not len(images):
        return images.clone(), np.empty(0, dtype="<U8")
    device = images.device
    judge = AutoAttack(model, norm=AUTOATTACK[norm], eps=eps, seed=seed, version="standard", device=device)
    judge.square.n_queries = queries
    with torch.no_grad():
        classes = model(images[:1]).shape[1]
    judge.apgd_targeted.n_target_classes = judge.fab.n_target_classes = min(targets, classes - 1)
    if classes < LEAST_CLASSES and "apgd-t" in components:
        log.warning("AutoAttack: no apgd-t, which needs %d classes; there are %d", LEAST_CLASSES, classes)
        components = [name for name in components if name != "apgd-t"]
    found = images.clone()
    broken_by = np.where((predict(model, images) == labels).cpu().numpy(), "", "clean").astype("<U8")
    for component in components:
        alive = torch.as_tensor(np.flatnonzero(broken_by == ""), device=device)
        if not len(alive):
            break
        judge.attacks_to_run = [component]
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):  # it seeds the global one
            adversarial, _ = judge.run_standard_evaluation(images[alive], labels[alive], batch_size=batch)
        broken = predict(model, adversarial) != labels[alive]
        found[alive[broken]] = adversarial[broken]
        broken_by[alive[broken].cpu().numpy()] = component
    return found, broken_by


def minimal_norm(model, images, labels, *, norm, algorithm, steps, batch=250):
    """Misclassified images close to those given, by Foolbox; where none was found, and where none is needed, the
    images themselves.

    images (n, c, h, w) in [0, 1]; labels (n,); algorithm: deepfool (Moosavi-Dezfooli et al. 2016)
    or, in l2 alone, cw (Carlini and Wagner 2017); steps: of the algorithm.
    """
    import foolbox

    attack = getattr(foolbox.attacks, MINIMAL_NORM[algorithm][norm])(steps=steps)
    watched = foolbox.PyTorchModel(model, bounds=(0, 1), device=images.device)
    found = images.clone()
    correct = torch.nonzero(predict(model, images) == labels).flatten()
    for rows in correct.split(batch) if len(correct) else []:
        _, adversarial, _ = attack(watched, images[rows], labels[rows], epsilons=None)
        broken = predict(model, adversarial) != labels[rows]
        found[rows[broken]] = adversarial[broken]
    return found
