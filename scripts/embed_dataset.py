"""Features of training images in which covers may be chosen: principal components, or a network's."""

import numpy as np
import torch

from finitecover.jobs.device import torch_device
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_records, pixels, save_array
from finitecover.training.models import load_model

VARIANCE = 0.9  # share that the principal components keep
BATCH = 1000


def embed_dataset(train_path, model_path, features_path):
    """model_path: of the network, or None for principal components (scikit-learn). Features: (n, d) float32."""
    images = pixels(load_records(train_path)["image"])
    features = principal_components(images) if model_path is None else _features(model_path, images)
    log.info("%d images, %d features", *features.shape)
    save_array(features_path, features.astype(np.float32))


def principal_components(images):
    """Those of images (n, ...) with `VARIANCE` of the variance: (n, d)."""
    from sklearn.decomposition import PCA  # a second to import

    return PCA(VARIANCE, svd_solver="covariance_eigh").fit_transform(images.reshape(len(images), -1))


def _features(model_path, images):
    device = torch_device()
    network = load_model(model_path).to(device).eval()
    with torch.no_grad():
        parts = [
            network.features(network.normalise(torch.from_numpy(part).to(device))).cpu().numpy()
            for part in np.array_split(images, -(-len(images) // BATCH))
        ]
    return np.concatenate(parts)


if __name__ == "__main__":
    with job(snakemake):
        embed_dataset(
            train_path=snakemake.input.train,
            model_path=snakemake.input.get("model"),
            features_path=snakemake.output.features,
        )
