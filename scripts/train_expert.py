"""Train one network on the real images and keep its parameters after every epoch, for trajectory matching."""

from finitecover.condensation.trajectory_matching import expert_trajectory
from finitecover.jobs.device import torch_device
from finitecover.jobs.files import load_json, save_json
from finitecover.jobs.harness import job
from finitecover.jobs.records import load_records, save_array


def train_expert(train_path, summary_path, settings, model, augmentation, seed, trajectory_path, cost_path):
    """Settings: epochs, learning_rate, batch_size."""
    records = load_records(train_path)
    trajectory = expert_trajectory(
        records["image"],
        records["label"],
        settings=settings,
        model=model,
        dataset=load_json(summary_path),
        augmentation=augmentation,
        seed=seed,
        device=torch_device(),
    )
    save_array(trajectory_path, trajectory)
    seen = settings["epochs"] * len(records)
    save_json(cost_path, {"images_seen": seen, "gradient_evaluations": seen})


if __name__ == "__main__":
    with job(snakemake):
        train_expert(
            train_path=snakemake.input.train,
            summary_path=snakemake.input.summary,
            settings=snakemake.params.settings,
            model=snakemake.params.model,
            augmentation=snakemake.params.augmentation,
            seed=int(snakemake.wildcards.expert),
            trajectory_path=snakemake.output.trajectory,
            cost_path=snakemake.output.cost,
        )
