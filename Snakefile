# Is adversarial training with compressed datasets effective? (Chen and Selvan, arXiv 2402.05675)
# The default study: `snakemake --cores 8`. Start reading in README.md, or with `snakemake --list-rules`.
from snakemake.utils import min_version

min_version("9.0")


configfile: workflow.current_basedir.join("config/config.yaml").get_path_or_uri(secret_free=False)


report: "rules/captions/workflow.rst"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/covers.smk"
include: "rules/coresets.smk"
include: "rules/condensation.smk"
include: "rules/training.smk"
include: "rules/evaluation.smk"
include: "rules/certificates.smk"
include: "rules/reporting.smk"


onstart:
    note_this_run()
    remark_on_cores()
    lift_limit_on_jobs_per_second()
    print_start(log)


onsuccess:
    locks.forget_run()
    print_outcome()


onerror:
    locks.forget_run()
    print_start(log)


rule all:
    """The whole study: every table, every figure, the report."""
    default_target: True
    input:
        paths.REPORT,
        paths.table("summary"),
        paths.SUMMARY_LATEX,
    localrule: True
