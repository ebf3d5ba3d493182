"""A few test images with what the attacks made of them, for the figure of adversarial images."""

import numpy as np

CLASSES = 10  # of each of which one image is kept


def pictured(labels, judged):
    """Positions of the first image of each of the first classes, among those at `judged`; the same for every model.

    labels (n,): of the images under attack; judged: positions of those that every attack sees.
    """
    _, first = np.unique(labels[judged], return_index=True)
    return judged[first[:CLASSES]]


def pictures(target, norm, eps, adversarial, predictions):
    """Records of the images of a target: norm, eps, example (position in the test set), label, clean (the prediction
    without an attack), prediction, image and adversarial (c, h, w) float32."""
    columns = {
        "norm": np.full(len(target.labels), norm),
        "eps": np.full(len(target.labels), eps),
        "example": target.examples.cpu().numpy(),
        "label": target.labels.cpu().numpy(),
        "clean": target.clean.cpu().numpy(),
        "prediction": predictions.cpu().numpy(),
        "image": target.images.cpu().numpy(),
        "adversarial": adversarial.cpu().numpy(),
    }
    records = np.zeros(len(target.labels), [(name, found.dtype, found.shape[1:]) for name, found in columns.items()])
    for name, found in columns.items():
        records[name] = found
    return records
