# Synthetic training sets: the rivals of covers.


rule condense_dataset:
    """Make synthetic images of every class."""
    input:
        train="results/{dataset}/data/train.npy",
        summary="results/{dataset}/data/summary.json",
    output:
        train="results/{dataset}/condensed/{subset}/seed{seed}/train.npy",
        history="results/{dataset}/condensed/{subset}/seed{seed}/history.csv",
        clamping="results/{dataset}/condensed/{subset}/seed{seed}/clamping.json",
    log:
        "results/logs/condense_dataset/{dataset}/{subset}/seed{seed}.log",
    benchmark:
        "results/benchmarks/condense_dataset/{dataset}/{subset}/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
    params:
        settings=subset_settings,
        model=condensation_model,
        augmentation=augmentation,
        code=code("condense_dataset"),
    script:
        "../scripts/condense_dataset.py"
