"""Score real images by how hard they are for networks in training, for selections of easy ones."""

from finitecover.coresets.hardness import average_input_gradient_norms
from finitecover.jobs.device import torch_device
from finitecover.jobs.files import load_json, save_json
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_array, load_records, save_array


def score_images(train_path, summary_path, expert_paths, model, scores_path, cost_path):
    """Scores: (n,) float64, the lower the easier."""
    records, trajectories = load_records(train_path), [load_array(path) for path in expert_paths]
    scores = average_input_gradient_norms(
        records["image"],
        records["label"],
        trajectories,
        model=model,
        dataset=load_json(summary_path),
        device=torch_device(),
    )
    log.info("%d images, scores from %.3g to %.3g", len(scores), scores.min(), scores.max())
    save_array(scores_path, scores)
    seen = len(records) * sum(len(trajectory) - 1 for trajectory in trajectories)
    save_json(cost_path, {"images_seen": seen, "gradient_evaluations": seen})


if __name__ == "__main__":
    with job(snakemake):
        score_images(
            train_path=snakemake.input.train,
            summary_path=snakemake.input.summary,
            expert_paths=snakemake.input.experts,
            model=snakemake.params.model,
            scores_path=snakemake.output.scores,
            cost_path=snakemake.output.cost,
        )
