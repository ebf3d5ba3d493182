"""Fetch a data set from where its settings say and write it as x_train, y_train, x_test, y_test in one .npz."""

import tempfile
from pathlib import Path

from finitecover.data import sources
from finitecover.jobs.files import save_json
from finitecover.jobs.harness import job, log
from finitecover.jobs.records import save_arrays
from finitecover.study.settings import mirror


def download_dataset(dataset, settings, mirror_path, raw_path, notes_path):
    """Read the source; publishers' files pass through a scratch folder that is gone afterwards."""
    parent = Path(raw_path).parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".download-") as workspace:
        arrays, notes, names = sources.read(settings, dataset, mirror_path, Path(workspace))
    log.info("%s: training images %s, test images %s", dataset, arrays[0].shape, arrays[2].shape)
    save_json(notes_path, {"notes": notes, "class_names": names})
    save_arrays(raw_path, **dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays, strict=True)))


if __name__ == "__main__":
    with job(snakemake):
        download_dataset(
            dataset=snakemake.wildcards.dataset,
            settings=snakemake.params.settings,
            mirror_path=mirror(snakemake.config),  # no parameter: its files are the publisher's, wherever they lie
            raw_path=snakemake.output.raw,
            notes_path=snakemake.output.notes,
        )
