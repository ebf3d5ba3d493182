"""Stochastic gradient descent with momentum: PyTorch's own update, called directly.

`torch.optim.SGD` does the same, but making one imports PyTorch's compiler, which costs every job about three seconds.
"""

import torch
from torch.optim.sgd import sgd


class SGD:
    """Updates `parameters`, a list of leaf tensors, from their gradients; `learning_rate` may be set between steps."""

    def __init__(self, parameters, learning_rate, momentum=0.0, weight_decay=0.0):
        self.parameters = list(parameters)
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay
        self.buffers = [None] * len(self.parameters)

    def step(self, loss):
        """One update against the gradient of `loss`."""
        self.apply(torch.autograd.grad(loss, self.parameters))

    def apply(self, gradients):
        """One update against gradients, one per parameter."""
        with torch.no_grad():
            sgd(
                self.parameters,
                list(gradients),
                self.buffers,
                lr=self.learning_rate,
                momentum=self.momentum,
                weight_decay=self.weight_decay,
                dampening=0.0,
                nesterov=False,
                maximize=False,
                foreach=False,
            )
