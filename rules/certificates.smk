# Proofs at the centres of covers, and what follows from them for all training images.


rule certify_model:
    """Certify a model at the centres of a cover, and transfer the certificates to every training image."""
    input:
        model=paths.MODEL,
        train=paths.TRAIN,
        cover=of_study(paths.certified_template, "cover"),
    output:
        points=paths.CERTIFIED_POINTS,
        table=paths.CERTIFICATES,
        cost=paths.CERTIFY_COST,
    log:
        paths.log("certify_model"),
    benchmark:
        paths.benchmark("certify_model")
    conda:
        "../envs/attacks.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        training=of_study(settings.training_settings, "dataset", "training"),
        threat=of_study(settings.threat_model, "dataset"),
        settings=lookup(within=config, dpath="certificates"),
        code=code("certify_model"),
    script:
        "../scripts/certify_model.py"


rule trace_bound:
    """Compare the generalised adversarial loss on a cover with the adversarial loss on all images, over a training."""
    input:
        snapshots=paths.MODEL_SNAPSHOTS,
        train=paths.TRAIN,
        set=of_study(paths.trained_template, "training_set", "training"),
        cover=of_study(paths.cover_template, "training_set"),
    output:
        bound=paths.BOUND,
    log:
        paths.log("trace_bound"),
    benchmark:
        paths.benchmark("trace_bound")
    conda:
        "../envs/attacks.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        norm=lookup(within=config, dpath="trainings/{training}/norm"),
        eps=of_study(settings.adversary_eps, "dataset", "training"),
        attack=settings.strongest_pgd(config)[1],
        points=lookup(within=config, dpath="certificates/points"),
        code=code("trace_bound"),
    script:
        "../scripts/trace_bound.py"
