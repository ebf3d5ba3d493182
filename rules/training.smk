# One rule trains every model: standard, adversarial and generalised differ in settings only.


rule train_model:
    """Train one model on one training set with one seed."""
    input:
        train=of_study(paths.set_template, "training_set"),
        summary=paths.SUMMARY,
    output:
        model=paths.MODEL,
        history=paths.MODEL_HISTORY,
        snapshots=paths.MODEL_SNAPSHOTS,
        cost=paths.MODEL_COST,
    log:
        paths.log("train_model"),
    benchmark:
        paths.benchmark("train_model")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        training=of_study(settings.training_settings, "dataset", "training"),
        model=entry("models/{model}"),
        snapshots=of_study(settings.kept_snapshots, "training_set", "training"),
        code=code("train_model"),
    script:
        "../scripts/train_model.py"
