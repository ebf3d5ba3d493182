# Real images chosen by criteria other than covering: random, k-centre, herding, k-means, MaxHerding, ProbCover.


rule select_coreset:
    """Choose real images of every class."""
    input:
        train=paths.TRAIN,
    output:
        train=paths.CORESET_SET,
    log:
        paths.log("select_coreset"),
    benchmark:
        paths.benchmark("select_coreset")
    conda:
        "../envs/covers.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        settings=of_study(settings.method_settings, "dataset", "training_set"),
        code=code("select_coreset"),
    script:
        "../scripts/select_coreset.py"
