# Real images chosen by criteria other than covering: random, k-centre, herding, k-means, MaxHerding, ProbCover,
# EasyCore.


rule score_images:
    """Score real images by how hard they are for the experts, for all budgets and seeds."""
    input:
        train=paths.TRAIN,
        summary=paths.SUMMARY,
        experts=of_study(outputs.trajectories, "dataset", "model"),
    output:
        scores=paths.SCORES,
        cost=paths.SCORES_COST,
    log:
        paths.log("score_images"),
    benchmark:
        paths.benchmark("score_images")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        model=entry("models/{model}"),
        code=code("score_images"),
    script:
        "../scripts/score_images.py"


rule select_coreset:
    """Choose real images of every class."""
    input:
        unpack(of_study(outputs.scores_of, "dataset", "training_set")),
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
