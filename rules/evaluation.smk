# The only steps that read the test images.


rule attack_model:
    """Attack one model in every norm and size of its data set; a row per image and attack, the gates, a few adversarial images."""
    input:
        model=paths.MODEL,
        test=paths.TEST,
    output:
        examples=paths.EXAMPLES,
        accuracies=paths.ACCURACIES,
        gates=paths.GATES,
        pictures=paths.PICTURES,
        cost=paths.ATTACK_COST,
    log:
        paths.log("attack_model"),
    benchmark:
        paths.benchmark("attack_model")
    conda:
        "../envs/attacks.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        threat=of_study(settings.threat_model, "dataset"),
        examples=lookup(within=config, dpath="evaluation/examples"),
        attacks=settings.attacks(config),
        library=of_study(settings.library_attacks, "dataset"),
        kind=entry("trainings/{training}/kind"),
        code=code("attack_model"),
    script:
        "../scripts/attack_model.py"


rule transfer_attacks:
    """Attack every model of a training with the adversarial images of each of the others."""
    input:
        models=of_study(outputs.models_of_group, "dataset", "training", "model", "seed"),
        test=paths.TEST,
    output:
        transfer=paths.TRANSFER,
    log:
        paths.log("transfer_attacks"),
    benchmark:
        paths.benchmark("transfer_attacks")
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=memory(3000),
    params:
        training_sets=of_study(outputs.sets_of_group, "dataset", "training", "model", "seed"),
        training_eps=of_study(settings.training_eps, "dataset"),
        attack=settings.strongest_pgd(config)[1],
        examples=lookup(within=config, dpath="evaluation/transfer"),
        code=code("transfer_attacks"),
    script:
        "../scripts/transfer_attacks.py"
