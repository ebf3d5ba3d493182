# One rule trains every model: standard, adversarial and generalised differ in settings only.


rule label_set:
    """Give a training set the labels of a teacher, a model trained on all images with the same seed."""
    input:
        set=of_study(paths.set_template, "training_set"),
        summary=paths.SUMMARY,
        teacher=of_study(outputs.teacher_of, "dataset", "training", "model", "seed"),
    output:
        train=paths.LABELLED_SET,
    log:
        paths.log("label_set"),
    benchmark:
        paths.benchmark("label_set")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        settings=of_study(settings.teacher_settings, "training"),
        code=code("label_set"),
    script:
        "../scripts/label_set.py"


rule train_model:
    """Train one model on one training set with one seed."""
    input:
        train=of_study(paths.trained_template, "training_set", "training"),
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
