# Synthetic training sets: the rivals of covers.


rule train_expert:
    """A network's way over the real images, which trajectory matching follows; for all budgets and seeds."""
    input:
        train="results/{dataset}/data/train.npy",
        summary="results/{dataset}/data/summary.json",
    output:
        trajectory="results/{dataset}/experts/{model}/expert{expert}.npy",
        summary="results/{dataset}/experts/{model}/expert{expert}.json",
    log:
        "results/logs/train_expert/{dataset}/{model}/expert{expert}.log",
    benchmark:
        "results/benchmarks/train_expert/{dataset}/{model}/expert{expert}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=4000,
    params:
        settings=config["experts"],
        model=model_settings,
        augmentation=augmentation,
        code=code("train_expert"),
    script:
        "../scripts/train_expert.py"


rule condense_dataset:
    """Make synthetic images of every class."""
    input:
        train="results/{dataset}/data/train.npy",
        summary="results/{dataset}/data/summary.json",
        experts=experts,
    output:
        train="results/{dataset}/condensed/{subset}/seed{seed}/train.npy",
        history="results/{dataset}/condensed/{subset}/seed{seed}/history.csv",
        snapshots="results/{dataset}/condensed/{subset}/seed{seed}/snapshots.npy",
        summary="results/{dataset}/condensed/{subset}/seed{seed}/summary.json",
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


rule import_condensed:
    """Take over synthetic images that a reference implementation made."""
    input:
        condensed=condensed_elsewhere,
        summary="results/{dataset}/data/summary.json",
    output:
        train="results/{dataset}/imported/{subset}/train.npy",
        summary="results/{dataset}/imported/{subset}/summary.json",
    log:
        "results/logs/import_condensed/{dataset}/{subset}.log",
    conda:
        "../envs/torch.yaml"
    params:
        settings=subset_settings,
        normalisation=lambda wildcards: subset_settings(wildcards).get("normalisation"),
        code=code("import_condensed"),
    script:
        "../scripts/import_condensed.py"


rule export_condensed:
    """Write synthetic images as the reference implementations do; only on request."""
    input:
        train="results/{dataset}/condensed/{subset}/seed{seed}/train.npy",
        summary="results/{dataset}/data/summary.json",
    output:
        dc="results/{dataset}/condensed/{subset}/seed{seed}/exported/condensed.pt",
        mtt_images="results/{dataset}/condensed/{subset}/seed{seed}/exported/images_best.pt",
        mtt_labels="results/{dataset}/condensed/{subset}/seed{seed}/exported/labels_best.pt",
    log:
        "results/logs/export_condensed/{dataset}/{subset}/seed{seed}.log",
    conda:
        "../envs/torch.yaml"
    params:
        code=code("export_condensed"),
    script:
        "../scripts/export_condensed.py"
