# Proofs at the centres of covers, and what follows from them for all training images.


rule certify_model:
    """Certify a model at the centres of a cover, and carry the certificates over to every training image."""
    input:
        model="results/{dataset}/models/{subset}/{training}/{model}/seed{seed}/model.pt",
        train="results/{dataset}/data/train.npy",
        cover="results/{dataset}/covers/{cover}/train.npy",
    output:
        points="results/{dataset}/certificates/{subset}/{training}/{model}/seed{seed}/{cover}/points.parquet",
        table="results/{dataset}/certificates/{subset}/{training}/{model}/seed{seed}/{cover}/certificates.csv",
        cost="results/{dataset}/certificates/{subset}/{training}/{model}/seed{seed}/{cover}/cost.json",
    log:
        "results/logs/certify_model/{dataset}/{subset}/{training}/{model}/seed{seed}/{cover}.log",
    benchmark:
        "results/benchmarks/certify_model/{dataset}/{subset}/{training}/{model}/seed{seed}/{cover}.tsv"
    conda:
        "../envs/attacks.yaml"
    resources:
        mem_mb=3000,
    params:
        training=training_settings,
        threat=threat_model,
        settings=config["certificates"],
        code=code("certify_model"),
    script:
        "../scripts/certify_model.py"


rule trace_bound:
    """The generalised adversarial loss on a cover beside the adversarial loss on all images, over a training."""
    input:
        snapshots="results/{dataset}/models/{subset}/{training}/{model}/seed{seed}/snapshots.pt",
        train="results/{dataset}/data/train.npy",
        set="results/{dataset}/covers/{subset}/train.npy",
        cover="results/{dataset}/covers/{subset}/cover.npz",
    output:
        bound="results/{dataset}/bounds/{subset}/{training}/{model}/seed{seed}.csv",
    log:
        "results/logs/trace_bound/{dataset}/{subset}/{training}/{model}/seed{seed}.log",
    benchmark:
        "results/benchmarks/trace_bound/{dataset}/{subset}/{training}/{model}/seed{seed}.tsv"
    conda:
        "../envs/attacks.yaml"
    resources:
        mem_mb=3000,
    params:
        training=training_settings,
        attack=strongest_descent(),
        points=config["certificates"]["points"],
        code=code("trace_bound"),
    script:
        "../scripts/trace_bound.py"
