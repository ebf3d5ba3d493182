"""Cost in passes through a network, which seconds on a shared machine do not tell."""


class Passes:
    """Counts the images that go forward through a network and the gradients that come back, one by one.

    Watches `model` from its construction on. An image that serves a batch twice counts twice, and so does a gradient
    for each of two classes of one image.
    """

    def __init__(self, model):
        self.images_seen = self.gradient_evaluations = 0
        self._hook = model.register_forward_hook(self._forward)

    def __deepcopy__(self, memo):
        """A copy of the network is watched by the same counter."""
        return self

    def stop(self):
        """Count no more."""
        self._hook.remove()

    def counts(self):
        """{"images_seen", "gradient_evaluations"}."""
        return {"images_seen": self.images_seen, "gradient_evaluations": self.gradient_evaluations}

    def add(self, images_seen, gradient_evaluations):
        """Count what goes through the network's layers without calling it, as interval bounds do."""
        self.images_seen += images_seen
        self.gradient_evaluations += gradient_evaluations

    def restore(self, counts):
        """Resume from `counts`."""
        self.images_seen, self.gradient_evaluations = counts["images_seen"], counts["gradient_evaluations"]

    def _forward(self, model, inputs, output):
        self.images_seen += len(output)
        if output.requires_grad:
            output.register_hook(self._backward)

    def _backward(self, gradient):
        self.gradient_evaluations += len(gradient)
