"""Condensation measured against the references' code, side by side in one run: part of `make bench`.

First fidelity: on one small input, the loss of every method and its gradient with respect to the synthetic images, ours
and the reference's. Then speed: an iteration of DC and of DM at the reference's width, batch and budget.

The reference's network and augmentation come from the package ddranking, its distance between gradients from graphslim,
which both carry them over from its repository (VICO-UoE/DatasetCondensation); the loops around them are those that it
and mtt-distillation describe. MNIST comes from the mirror folder in FINITECOVER_MIRROR. Quote ratios: machines differ.
"""

import argparse
import ast
import importlib.util
import os
import sys
import tempfile
import time
from importlib.metadata import distribution
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector
from torch.utils.data import DataLoader, TensorDataset

from finitecover.condensation.distribution_matching import DistributionMatching
from finitecover.condensation.gradient_matching import GradientMatching, reference_loops
from finitecover.condensation.matching import Task
from finitecover.condensation.trajectory_matching import TrajectoryMatching
from finitecover.data import sources
from finitecover.training.augmentation import OPERATIONS
from finitecover.training.models import build_model
from finitecover.training.optimiser import SGD

MNIST = {"shape": [1, 28, 28], "classes": 10, "mean": [0.1307], "std": [0.3081]}
COLOUR = {"shape": [3, 32, 32], "classes": 10, "mean": [0.4914, 0.4822, 0.4465], "std": [0.2023, 0.1994, 0.2010]}
SETTINGS = {"start": "real", "batch_train": 256, "learning_rate_network": 0.01, "momentum": 0.5}
SETTINGS |= {"outer_loops": None, "inner_loops": None, "learning_rate_step": 1e-5, "synthetic_steps": 5}
SETTINGS |= {"expert_epochs": 1, "latest_start": 1}
AMOUNTS = {"scale": 1.2, "rotate": 15, "flip": 0.5, "crop": 0.125, "cutout": 0.5}
AMOUNTS |= {"brightness": 1.0, "saturation": 2.0, "contrast": 0.5, "siamese": True, "latestseed": -1}
CPU = torch.device("cpu")


# --- the references ---


def _module(package, path):
    """One module of an installed package, without the package around it and what that would import."""
    file = distribution(package).locate_file(path)
    specification = importlib.util.spec_from_file_location(f"{package}_{Path(path).stem}", file)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _functions(package, path, *names):
    """Functions of a module whose other parts cannot be imported here."""
    tree = ast.parse(Path(distribution(package).locate_file(path)).read_text())
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in names]
    found = {"torch": torch}
    exec(compile(tree, path, "exec"), found)
    return [found[name] for name in names]


def reference_network(dataset, width, ours):
    """The reference's ConvNet with the parameters of one of ours."""
    networks = _module("ddranking", "ddranking/utils/networks.py")
    network = networks.ConvNet(
        dataset["shape"][0], dataset["classes"], width, 3, "relu", "instancenorm", "avgpooling", dataset["shape"][1:]
    )
    network.load_state_dict({name: value for name, value in ours.state_dict().items() if "normalise" not in name})
    return network


def reference_augmentation(operation, amounts):
    """The reference's operation with given amounts in place of its random numbers; none for ""."""
    if not operation:
        return lambda images: images
    apply = getattr(_module("ddranking", "ddranking/aug/dsa.py").DSA(dict(AMOUNTS)), f"rand_{operation}")

    def augment(images):
        queue = iter(amounts.flatten().tolist())
        fakes = {
            "rand": lambda *size, **_: torch.full(size, next(queue)),
            "randint": lambda low, high, size, **_: torch.full(size, low + int(next(queue) * (high - low))),
        }
        with patch.multiple(torch, **fakes):
            return apply(images).clone(memory_format=torch.contiguous_format)  # else a view in the network fails

    return augment


def _match_loss(given, wanted):
    (distance, match) = _functions("graphslim", "graphslim/condensation/utils.py", "distance_wb", "match_loss")
    match.__globals__["distance_wb"] = distance
    # Written for layers of (inputs, outputs), it turns matrices round; the reference does not.
    turned = ([g.T if g.dim() == 2 else g for g in gradients] for gradients in (given, wanted))
    return match(*turned, SimpleNamespace(dis_metric="ours"), CPU)


def reference_dc(network, task, augmentation):
    """Loss of DC and DSA: each class by itself, real images in one batch."""
    parameters, loss = list(network.parameters()), torch.tensor(0.0)
    for label in range(task.dataset["classes"]):
        augment = augmentation()
        real, own = augment(task.real(label)), augment(task.own(label))
        error = F.cross_entropy(network(real), torch.full((len(real),), label))
        wanted = [gradient.detach().clone() for gradient in torch.autograd.grad(error, parameters)]
        error = F.cross_entropy(network(own), torch.full((len(own),), label))
        given = torch.autograd.grad(error, parameters, create_graph=True)
        loss = loss + _match_loss(given, wanted)
    return loss


def reference_dm(network, task, augmentation):
    """Loss of DM: squared distances of mean features."""
    loss = torch.tensor(0.0)
    for label in range(task.dataset["classes"]):
        augment = augmentation()
        real, own = augment(task.real(label)), augment(task.own(label))
        real, own = network.features(real).flatten(1).detach(), network.features(own).flatten(1)
        loss = loss + torch.sum((torch.mean(real, dim=0) - torch.mean(own, dim=0)) ** 2)
    return loss


def reference_mtt(network, task, augmentation):
    """Loss of MTT: the student's distance from the target, by that of the start; both over the parameters' number."""
    start, target = (torch.from_numpy(task.experts[0][place]) for place in (0, 1))
    names = [name for name, _ in network.named_parameters()]
    student, pending = start.clone().requires_grad_(), []
    step = torch.tensor(task.settings["learning_rate_network"])
    for _ in range(task.settings["synthetic_steps"]):
        if not pending:
            order = torch.randperm(len(task.labels), generator=task.generator)
            pending = list(order.split(task.settings["batch_train"]))
        rows = pending.pop()
        parts = student.split([parameter.numel() for parameter in network.parameters()])
        shaped = [part.view_as(p) for part, p in zip(parts, network.parameters(), strict=True)]
        images = augmentation()(task.synthetic[rows])
        error = F.cross_entropy(
            functional_call(network, dict(zip(names, shaped, strict=True)), images), task.labels[rows]
        )
        student = student - step * torch.autograd.grad(error, student, create_graph=True)[0]
    size = len(start)
    loss = F.mse_loss(student, target, reduction="sum") / size
    return loss / (F.mse_loss(start, target, reduction="sum") / size)


def reference_epoch(network, optimiser, images, labels, batch):
    """An epoch of the reference's training between two updates of the images, augmentation apart."""
    for x, y in DataLoader(TensorDataset(images.clone(), labels.clone()), batch_size=batch, shuffle=True):
        loss = F.cross_entropy(network(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


# --- what is measured ---


def _task(algorithm, real, dataset, width, k, batch, augmentation="", experts=()):
    images, labels = real
    model = {"architecture": "convnet", "width": width, "depth": 3}
    settings = SETTINGS | {"algorithm": algorithm, "batch_real": batch}
    return Task(images, labels, k, settings, model, dataset, augmentation, 0, CPU, experts)


def _in_double(network):
    """Compute in float64 behind the augmentation: in float32, rounding alone switches a ReLU now and then."""
    network.double().features.register_forward_pre_hook(lambda _, images: images[0].double())


def _compared(algorithm, real, dataset, operation):
    """Relative differences of loss and gradient between ours and the reference's, with equal random numbers."""
    model = {"architecture": "convnet", "width": 32, "depth": 3}
    network, expert = (build_model(model, dataset, seed) for seed in (1, 2))
    theirs = reference_network(dataset, 32, network)
    for each in (network, expert, theirs):
        _in_double(each)
    walk = [np.stack([parameters_to_vector(n.parameters()).detach().numpy() for n in (network, expert)])]
    ours, reference = (_task(algorithm, real, dataset, 32, 3, 60, operation, walk) for _ in range(2))

    def augmentation():
        if not operation:
            return reference_augmentation("", None)
        torch.randint(1, (1,), generator=reference.generator)  # ours draws an operation, from this one alone
        return reference_augmentation(operation, torch.rand(3, 1, generator=reference.generator))

    if algorithm == "mtt":
        method = TrajectoryMatching(ours)
        _in_double(method.network)
        loss = method.loss(*(torch.from_numpy(place) for place in walk[0]))
        wanted = reference_mtt(theirs, reference, augmentation)
    elif algorithm == "dm":
        loss = DistributionMatching(ours).loss(network.features)
        wanted = reference_dm(theirs, reference, augmentation)
    else:
        loss = GradientMatching(ours).loss(network)
        wanted = reference_dc(theirs, reference, augmentation)
    (given,), (asked,) = torch.autograd.grad(loss, ours.synthetic), torch.autograd.grad(wanted, reference.synthetic)
    return wanted.item(), abs(loss.item() / wanted.item() - 1), ((given - asked).norm() / asked.norm()).item()


def measure_fidelity(real):
    """A line per method, input and operation."""
    print("\n| method | input | augmentation | loss | relative difference | of the gradient |")
    print("|---|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    colour = rng.random((800, 3, 32, 32)).astype(np.float32), np.arange(800) % 10
    for algorithm, (name, dataset, input_) in product(
        ("dc", "dsa", "dm", "mtt"), (("MNIST", MNIST, real), ("noise in colour", COLOUR, colour))
    ):
        for operation in OPERATIONS if algorithm in ("dsa", "dm") else ("",):
            loss, difference, gradient = _compared(algorithm, input_, dataset, operation)
            print(f"| {algorithm} | {name} | {operation or 'none'} | {loss:.6g} | {difference:.1e} | {gradient:.1e} |")
            if max(difference, gradient) > 1e-4:
                raise SystemExit(f"{algorithm} differs from the reference by more than 1e-4")


def _best(function, count):
    """Seconds of the fastest of so many calls, after one that does not count."""
    seconds = []
    for _ in range(count + 1):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:])


def _references(real, width, batch, k):
    """{what: (the reference's function, ours)} of the parts of an iteration."""
    task = _task("dc", real, MNIST, width, k, batch)
    network = build_model(task.model, MNIST, 0)
    theirs = reference_network(MNIST, width, network)
    method, images = GradientMatching(task), task.synthetic.detach().clone().requires_grad_()
    method.inner = 1
    own, reference = SGD([task.synthetic], 0.1, 0.5), torch.optim.SGD([images], 0.1, 0.5)
    trained, optimiser = SGD(network.parameters(), 0.01), torch.optim.SGD(theirs.parameters(), 0.01)
    plain = SimpleNamespace(dataset=MNIST, real=task.real, own=lambda label: images[label * k : (label + 1) * k])

    def update(loss):
        total = loss(theirs, plain, lambda: lambda batch: batch)
        reference.zero_grad()
        total.backward()
        reference.step()

    return {
        "DC, one update of the images": (
            lambda: update(reference_dc),
            lambda: own.step(method.loss(network)),
        ),
        "DC, one epoch of the network": (
            lambda: reference_epoch(theirs, optimiser, images.detach(), task.labels, 256),
            lambda: method.train(network, trained),
        ),
        "DM, one iteration": (
            lambda: update(reference_dm),
            lambda: own.step(DistributionMatching(task).loss(network.features)),
        ),
    }


def measure_speed(real, width, batch, k, count):
    """An iteration of DC (its parts, and their sum over the loops) and of DM, on one thread and on two."""
    print(f"\n| width {width}, {batch} real images, {k} per class | threads | reference s | ours s | times as fast |")
    print("|---|---|---|---|---|")
    outer, inner = reference_loops(k)
    epochs = (outer - 1) * inner
    for threads in (1, 2):
        torch.set_num_threads(threads)
        seconds = {
            what: [_best(function, count) for function in functions]
            for what, functions in _references(real, width, batch, k).items()
        }
        update, epoch, _ = seconds.values()
        whole = [outer * a + epochs * b for a, b in zip(update, epoch, strict=True)]
        seconds[f"DC, one iteration: {outer} updates, {epochs} epochs (sum)"] = whole
        for what, (slow, fast) in seconds.items():
            print(f"| {what} | {threads} | {slow:.2f} | {fast:.2f} | {slow / fast:.2f} |", flush=True)


def main():
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=("fidelity", "speed"), default=("fidelity", "speed"))
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--batch", type=int, default=256, help="real images per class")
    parser.add_argument("--budget", type=int, default=10, help="images per class")
    parser.add_argument("--count", type=int, default=3, help="calls of which the fastest counts")
    options = parser.parse_args()
    mirror = os.environ.get("FINITECOVER_MIRROR")
    if not mirror:
        parser.error("FINITECOVER_MIRROR names no folder with the publishers' files")
    with tempfile.TemporaryDirectory() as scratch:
        images, labels, *_ = sources.from_torchvision("MNIST", "mnist", mirror, Path(scratch))
    real = images.reshape(-1, 1, 28, 28), labels
    if "fidelity" in options.parts:
        measure_fidelity(real)
    if "speed" in options.parts:
        measure_speed(real, options.width, options.batch, options.budget, options.count)


if __name__ == "__main__":
    main()
