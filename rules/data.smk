# From a publisher, a mirror or your own files to checked, memory-mappable sets of labelled images.


rule download_dataset:
    """Fetch a data set (bundled, mirror, download, your own) as four plain arrays."""
    output:
        raw="results/{dataset}/data/raw.npz",
    log:
        "results/logs/download_dataset/{dataset}.log",
    benchmark:
        "results/benchmarks/download_dataset/{dataset}.tsv"
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=4000,
    params:
        settings=source_settings,
        mirror=config["data"]["mirror"],
        code=code("download_dataset"),
    script:
        "../scripts/download_dataset.py"


rule prepare_dataset:
    """Check the arrays and store them as sets of labelled images in [0, 1]."""
    input:
        raw="results/{dataset}/data/raw.npz",
    output:
        train="results/{dataset}/data/train.npy",
        test="results/{dataset}/data/test.npy",
        summary="results/{dataset}/data/summary.json",
    log:
        "results/logs/prepare_dataset/{dataset}.log",
    benchmark:
        "results/benchmarks/prepare_dataset/{dataset}.tsv"
    conda:
        "../envs/data.yaml"
    resources:
        mem_mb=4000,
    params:
        normalisation=normalisation,
        code=code("prepare_dataset"),
    script:
        "../scripts/prepare_dataset.py"
