"""Adversarial training and evaluation measured beside libraries' code, side by side in one run: part of `make bench`.

throughput: images per second of adversarial training, ours and a plain float32 loop around torchattacks' PGD.
precision: what an update costs in float32 and in bfloat16, by the network's width.
accuracy: what both end in after the same number of updates. seeds: several networks trained in one stacked computation
instead of one by one. evaluation: seconds per model, with and without the libraries' attacks. strength: our PGD beside
torchattacks' and Foolbox's at equal steps.

MNIST comes from the mirror folder in FINITECOVER_MIRROR. Quote ratios: machines differ.
"""

import argparse
import math
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import foolbox
import numpy as np
import torch
import torch.nn.functional as F
import torchattacks
from condensation import COLOUR, MNIST, _best, reference_network
from torch.func import functional_call, stack_module_state, vmap

from finitecover.data import sources
from finitecover.data.sampling import draw_examples
from finitecover.evaluation.rows import evaluate
from finitecover.jobs.device import keep_memory
from finitecover.training.attacks import attack, predict
from finitecover.training.loop import _autocast, train
from finitecover.training.models import Convolution, build_model

PARTS = ("throughput", "precision", "accuracy", "seeds", "evaluation", "strength")
BATCH, STEPS, EPS = 128, 7, 0.2
RATE, MOMENTUM, DECAY = 0.05, 0.9, 0.0005
ADVERSARY = {"norm": "linf", "steps": STEPS, "step_size": 0.25, "warmup": 0.3}
FGSM = {"kind": "pgd", "steps": 1, "step_size": 1, "restarts": 1, "random_start": False}
PGD = {"kind": "pgd", "steps": 20, "step_size": 0.125, "restarts": 2, "random_start": True}


def network(width, seed):
    """Our ConvNet-3 for MNIST."""
    return build_model({"architecture": "convnet", "width": width, "depth": 3}, MNIST, seed)


def plain_loop(model, images, labels, updates, seed):
    """Adversarial training as it is written in a notebook: float32, torchattacks' PGD, PyTorch's optimiser.

    Schedules of learning rate and eps are ours, so that both loops do the same.
    """
    torch.manual_seed(seed)
    pgd = torchattacks.PGD(model, eps=EPS, alpha=EPS * ADVERSARY["step_size"], steps=STEPS)
    optimiser = torch.optim.SGD(model.parameters(), RATE, MOMENTUM, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: (1 + math.cos(math.pi * step / updates)) / 2)
    for step in range(updates):
        rows = torch.randint(len(images), (BATCH,))
        x, y = images[rows], labels[rows]
        growth = min(1.0, (step + 1) / (ADVERSARY["warmup"] * updates))
        pgd.eps, pgd.alpha = growth * EPS, growth * EPS * ADVERSARY["step_size"]
        adversarial = pgd(x, y)
        optimiser.zero_grad()
        F.cross_entropy(model(adversarial), y).backward()
        optimiser.step()
        schedule.step()


def our_loop(model, images, labels, updates, seed, precision="float32"):
    """The same by `train`."""
    optimisation = {"steps": updates, "batch_size": BATCH, "learning_rate": RATE, "momentum": MOMENTUM}
    optimisation |= {"weight_decay": DECAY, "precision": precision}
    radii = torch.full((len(images),), EPS)
    ones = torch.ones(len(images))
    train(
        model, images, labels, ones, radii, optimisation=optimisation, objective="pgd", adversary=ADVERSARY, seed=seed
    )


def plain_network(width, seed):
    """The references' ConvNet-3 behind our normalisation, with our initial parameters."""
    ours = network(width, seed)
    return torch.nn.Sequential(ours.normalise, reference_network(MNIST, width, ours))


def measure_throughput(images, labels, count):
    """Images per second of both loops: the plain one in this process, ours in one with the memory of a job."""
    print("\n| PGD-7 training, batch 128, images per second | threads | plain loop | ours | times as fast |")
    print("|---|---|---|---|---|")
    for width, updates in ((32, 6), (128, 2)):
        for threads in (2, 1):
            torch.set_num_threads(threads)
            model = plain_network(width, 0)
            slow = _best(lambda: plain_loop(model, images, labels, updates, 0), count)  # noqa: B023
            for precision in ("float32", "bfloat16"):
                arguments = (width, updates, threads, precision, count, images[:2000], labels[:2000])
                with ProcessPoolExecutor(1, get_context("spawn"), keep_memory) as process:
                    fast = process.submit(_our_seconds, *arguments).result()
                rates = [updates * BATCH / seconds for seconds in (slow, fast)]
                name = f"ConvNet-3, width {width}, ours in {precision}"
                print(f"| {name} | {threads} | {rates[0]:.0f} | {rates[1]:.0f} | {slow / fast:.2f} |", flush=True)


def _our_seconds(width, updates, threads, precision, count, images, labels):
    torch.set_num_threads(threads)
    model = network(width, 0)
    return _best(lambda: our_loop(model, images, labels, updates, 0, precision), count)


def measure_precision(count):
    """Milliseconds of a core for an update in each precision, in turn on one thread: medians, and the ratio's range."""
    with ProcessPoolExecutor(1, get_context("spawn"), keep_memory) as process:
        print("\n| one PGD-7 update of 64 images, core-ms | float32 | bfloat16 | times as fast, range |")
        print("|---|---|---|---|")
        for dataset in (MNIST, COLOUR):
            for width in (16, 32, 64, 128):
                times = process.submit(_update_seconds, width, dataset, count).result()
                ratios = times[:, 0] / times[:, 1]
                name = f"ConvNet-3, width {width}, {'x'.join(map(str, dataset['shape']))}"
                cells = " | ".join(f"{1e3 * median:.0f}" for median in np.median(times, axis=0))
                told = f"{np.median(ratios):.2f}, {ratios.min():.2f} to {ratios.max():.2f}"
                print(f"| {name} | {cells} | {told} |", flush=True)


def _update_seconds(width, dataset, count):
    """(count, 2): of an update in float32 and in bfloat16, one of each first that does not count."""
    torch.set_num_threads(1)
    model = build_model({"architecture": "convnet", "width": width, "depth": 3}, dataset, 0)
    images, labels = torch.rand(64, *dataset["shape"]), torch.arange(64) % 10
    times = np.zeros((count + 1, 2))
    for row in times:
        for place, precision in enumerate(("float32", "bfloat16")):
            start = time.process_time()
            our_loop(model, images, labels, 1, 0, precision)
            row[place] = time.process_time() - start
    return times[1:]


def measure_accuracy(images, labels, test, updates, seeds):
    """Clean and robust accuracy of both loops after the same updates, over seeds."""
    torch.set_num_threads(2)
    print(f"\n| after {updates} updates at linf {EPS}, width 32 | seed | clean % | robust %, PGD-20 | seconds |")
    print("|---|---|---|---|---|")
    for name, build, loop in (("plain loop", plain_network, plain_loop), ("ours", network, our_loop)):
        found = []
        for seed in range(seeds):
            model = build(32, seed)
            start = time.perf_counter()
            loop(model, images, labels, updates, seed)
            seconds = time.perf_counter() - start
            model.eval().requires_grad_(False)
            clean = (predict(model, test[0]) == test[1]).double().mean().item()
            robust = _robust(model, test[0][:2000], test[1][:2000], "linf", EPS, 20, 0.125)
            found.append((100 * clean, 100 * robust))
            print(f"| {name} | {seed} | {found[-1][0]:.2f} | {found[-1][1]:.2f} | {seconds:.0f} |", flush=True)
        (clean, robust), spread = np.mean(found, axis=0), np.std(found, axis=0, ddof=1)
        print(f"| {name} | mean ± sd | {clean:.2f} ± {spread[0]:.2f} | {robust:.2f} ± {spread[1]:.2f} | |", flush=True)


def _robust(model, images, labels, norm, eps, steps, step_size):
    settings = {"norm": norm, "steps": steps, "step_size": step_size}
    _, predictions = attack(model, images, labels, eps, generator=torch.Generator().manual_seed(0), **settings)
    return (predictions == labels).double().mean().item()


def measure_seeds(count):
    """Gradients of a step of PGD on a stack of networks, one by one and stacked (torch.func), on one thread."""
    torch.set_num_threads(1)
    print("\n| networks | images | precision | one by one ms | stacked ms | times as fast | difference in float64 |")
    print("|---|---|---|---|---|---|---|")
    small = {"shape": (1, 8, 8), "classes": 10, "mean": [0.3], "std": [0.38]}
    convnet, mlp = (
        {"architecture": "convnet", "width": 16, "depth": 2},
        {"architecture": "mlp", "width": 128, "depth": 2},
    )
    cases = [
        ("3 ConvNet-2, width 16", convnet, small, 3, 128),
        ("5 ConvNet-2, width 16", convnet, small, 5, 10),
        ("3 MLP, width 128", mlp, small, 3, 128),
        ("5 MLP, width 128", mlp, small, 5, 10),
        ("3 ConvNet-3, width 32", {"architecture": "convnet", "width": 32, "depth": 3}, MNIST, 3, 128),
        ("3 ConvNet-3, width 128", {"architecture": "convnet", "width": 128, "depth": 3}, MNIST, 3, 128),
    ]
    for name, settings, dataset, networks, batch in cases:
        for precision in ("float32", "bfloat16"):
            apart, stacked = _gradients(settings, dataset, networks, batch, torch.float32, precision)
            slow, fast = _best(apart, count), _best(stacked, count)
            exact = [
                function() for function in _gradients(settings, dataset, networks, batch, torch.float64, "float32")
            ]
            difference = ((exact[0] - exact[1]).abs().max() / exact[0].abs().max()).item()
            images = f"{batch} of {dataset['shape'][1]}x{dataset['shape'][2]}"
            print(
                f"| {name} | {images} | {precision} | {1e3 * slow:.1f} | {1e3 * fast:.1f} | {slow / fast:.2f} "
                f"| {difference:.0e} |",
                flush=True,
            )


def _gradients(settings, dataset, count, batch, dtype, precision):
    """Two functions that return gradients with respect to images (count, batch, c, h, w): apart and stacked."""
    networks = [build_model(settings, dataset, seed).requires_grad_(False).to(dtype) for seed in range(count)]
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(count, batch, *dataset["shape"], generator=generator).to(dtype)
    labels = torch.randint(10, (count, batch), generator=generator)
    autocast = _autocast(precision, torch.device("cpu"))
    parameters, buffers = stack_module_state(networks)
    parameters = {name: value.detach() for name, value in parameters.items()}

    def gradient(points, wanted, run):
        points = points.clone().requires_grad_()
        with autocast():
            logits = run(points)
        loss = F.cross_entropy(logits.to(dtype).flatten(0, -2), wanted.flatten(), reduction="sum")
        return torch.autograd.grad(loss, points)[0]

    def apart():
        return torch.stack([gradient(*parts) for parts in zip(images, labels, networks, strict=True)])

    def stacked():
        many = vmap(lambda p, b, x: functional_call(networks[0], (p, b), (x,)))
        with patch.object(Convolution, "forward", torch.nn.Conv2d.forward):  # vmap would loop over im2col
            return gradient(images, labels, lambda points: many(parameters, buffers, points))

    return apart, stacked


def measure_evaluation(images, labels, test, updates, examples):
    """Seconds to evaluate one model in the two norms at three and two sizes, as in config.yaml, on one thread."""
    torch.set_num_threads(2)
    model = network(32, 0)
    our_loop(model, images, labels, updates, 0)
    torch.set_num_threads(1)
    threat = {"l2": ["1", "2"], "linf": ["0.1", "0.2", "0.3"]}
    library = {"autoattack": {"kind": "autoattack", "components": ["apgd-ce", "apgd-t", "fab-t", "square"]}}
    nearest = {"deepfool": {"kind": "minimal-norm", "algorithm": "deepfool", "steps": 50}}
    print(f"\n| evaluation of one model, ConvNet-3, width 32, {examples} images by libraries' attacks | seconds |")
    print("|---|---|")
    chosen = draw_examples(test[1], 1000)
    where = {"examples": examples, "threat": {"l2": ["2"], "linf": ["0.3"]}}
    for name, more in (("FGSM, PGD, gates", {}), ("and DeepFool", nearest), ("and AutoAttack", nearest | library)):
        start = time.perf_counter()
        attacks = {"fgsm": FGSM, "pgd": PGD, **more}
        evaluate(model, *test, chosen, threat=threat, attacks=attacks, library=where, seed=0)
        print(f"| {name} | {time.perf_counter() - start:.0f} |", flush=True)


def measure_strength(images, labels, test, updates):
    """Robust accuracy under PGD of equal steps and step size, one start, on 1,000 images."""
    torch.set_num_threads(2)
    model = network(32, 0)
    our_loop(model, images, labels, updates, 0)
    model.eval().requires_grad_(False)
    x, y = test[0][:1000], test[1][:1000]
    watched = foolbox.PyTorchModel(model, bounds=(0, 1))
    print("\n| PGD at equal steps, robust % | ours | torchattacks | Foolbox | one standard error |")
    print("|---|---|---|---|---|")
    for norm, eps, steps, size in (("linf", 0.2, 7, 0.25), ("linf", 0.2, 20, 0.125), ("l2", 1.5, 20, 0.125)):
        torch.manual_seed(0)
        settings = {"eps": eps, "alpha": size * eps, "steps": steps}
        theirs = torchattacks.PGD(model, **settings) if norm == "linf" else torchattacks.PGDL2(model, **settings)
        kind = foolbox.attacks.LinfPGD if norm == "linf" else foolbox.attacks.L2PGD
        _, found, _ = kind(steps=steps, rel_stepsize=size, random_start=True)(watched, x, y, epsilons=eps)
        shares = [
            _robust(model, x, y, norm, eps, steps, size),
            *((predict(model, points.detach()) == y).double().mean().item() for points in (theirs(x, y), found)),
        ]
        error = math.sqrt(shares[0] * (1 - shares[0]) / len(y))
        cells = " | ".join(f"{100 * share:.1f}" for share in (*shares, error))
        print(f"| {norm} {eps}, {steps} steps of {size} eps | {cells} |", flush=True)


def main():
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--updates", type=int, default=400, help="of the trainings whose accuracy is measured")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--examples", type=int, default=100, help="images for the libraries' attacks")
    parser.add_argument("--count", type=int, default=3, help="calls of which the fastest counts")
    options = parser.parse_args()
    mirror = os.environ.get("FINITECOVER_MIRROR")
    if not mirror:
        parser.error("FINITECOVER_MIRROR names no folder with the publishers' files")
    with tempfile.TemporaryDirectory() as scratch:
        columns = sources.from_torchvision("MNIST", "mnist", mirror, Path(scratch))
    images, labels, *test = (torch.from_numpy(np.ascontiguousarray(column)) for column in columns)
    images, test = images.view(-1, 1, 28, 28) / 255, (test[0].view(-1, 1, 28, 28) / 255, test[1].long())
    labels = labels.long()
    if "throughput" in options.parts:
        measure_throughput(images, labels, options.count)
    if "precision" in options.parts:
        measure_precision(3 * options.count)
    if "seeds" in options.parts:
        measure_seeds(options.count)
    if "strength" in options.parts:
        measure_strength(images, labels, test, options.updates)
    if "evaluation" in options.parts:
        measure_evaluation(images, labels, test, options.updates, options.examples)
    if "accuracy" in options.parts:
        measure_accuracy(images, labels, test, options.updates, options.seeds)


if __name__ == "__main__":
    main()
