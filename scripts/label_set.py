"""Give a training set the labels of a teacher: the probabilities that a model of all images has for its images."""

import numpy as np

from finitecover.jobs.device import torch_device
from finitecover.jobs.files import load_json
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import load_records, save_records, with_soft_labels
from finitecover.jobs.tensors import images_and_labels
from finitecover.training.labels import teacher_labels
from finitecover.training.models import load_model


def label_set(set_path, summary_path, teacher_path, settings, labelled_path):
    """Settings: temperature, hard_share of `teacher_labels`. Raises `ValueError` for another data set's teacher."""
    device = torch_device()
    records, dataset = load_records(set_path), load_json(summary_path)
    teacher = load_model(teacher_path, dataset).to(device)
    images, labels = images_and_labels(records, device)
    soft = teacher_labels(teacher, images, labels, **settings)
    agreeing = (soft.argmax(1) == records["label"]).mean()
    log.info(
        "own class the likeliest for %.1f %%, its probability %.3f on average", 100 * agreeing, _own(soft, records)
    )
    save_records(labelled_path, with_soft_labels(records, soft))


def _own(soft, records):
    return soft[np.arange(len(records)), records["label"]].mean()


if __name__ == "__main__":
    with job(snakemake):
        label_set(
            set_path=snakemake.input.set,
            summary_path=snakemake.input.summary,
            teacher_path=snakemake.input.teacher,
            settings=snakemake.params.settings,
            labelled_path=snakemake.output.train,
        )
