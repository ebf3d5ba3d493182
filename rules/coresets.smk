# Real images chosen by other rules than covering: random, k-centre, herding, k-means.


rule select_coreset:
    """Choose real images of every class."""
    input:
        train="results/{dataset}/data/train.npy",
    output:
        train="results/{dataset}/coresets/{subset}/seed{seed}/train.npy",
    log:
        "results/logs/select_coreset/{dataset}/{subset}/seed{seed}.log",
    benchmark:
        "results/benchmarks/select_coreset/{dataset}/{subset}/seed{seed}.tsv"
    conda:
        "../envs/covers.yaml"
    resources:
        mem_mb=2000,
    params:
        settings=subset_settings,
        code=code("select_coreset"),
    script:
        "../scripts/select_coreset.py"
