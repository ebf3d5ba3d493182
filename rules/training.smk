# One rule trains every model: standard, adversarial and generalised differ in settings only.


rule train_model:
    """Train one model on one training set with one seed."""
    input:
        train=training_set,
        summary="results/{dataset}/data/summary.json",
    output:
        model="results/{dataset}/models/{subset}/{training}/{model}/seed{seed}/model.pt",
        history="results/{dataset}/models/{subset}/{training}/{model}/seed{seed}/history.csv",
        snapshots="results/{dataset}/models/{subset}/{training}/{model}/seed{seed}/snapshots.pt",
        cost="results/{dataset}/models/{subset}/{training}/{model}/seed{seed}/cost.json",
    log:
        "results/logs/train_model/{dataset}/{subset}/{training}/{model}/seed{seed}.log",
    benchmark:
        "results/benchmarks/train_model/{dataset}/{subset}/{training}/{model}/seed{seed}.tsv"
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=3000,
    params:
        training=training_settings,
        model=model_settings,
        snapshots=kept_snapshots,
        code=code("train_model"),
    script:
        "../scripts/train_model.py"
