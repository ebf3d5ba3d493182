"""Minimal finite covers and their baselines, robust training and attacks, as functions of arrays and numbers.

Paper: T. Chen and R. Selvan, "Is Adversarial Training with Compressed Datasets Effective?", arXiv 2402.05675.

=============  ======================================================================================================
norms          norms by name
guarded        calls of functions that are not ours
study          what a study may say and what it expands to: `kinds`, `runs`, `paths`, `settings`, `checks`, `claims`,
               `figures`, `outputs`, `numbers`, `overlays`, `layout`, `estimates`
jobs           what surrounds a job: `harness`, `files`, `records`, `tables`, `checkpoint`, `integrity`, `provenance`;
               a run: `locks`, `signals`, `terminal`; the machine: `environment`, `speed`
data           `sources` of labelled images, `folders` of them, their `checks`, `notes`; `sampling` of a few for all
covers         `search` of covers for a radius or a budget with proved lower bounds, on `distances`, `setcover`,
               `solver` and `fewrows`; `relaxed` covers; `verification` of a cover by code that did not make it
coresets       `selection`: random, k-centre, herding, k-means
condensation   the `loop` of every condensation, the losses of each, `exchange` of files with their references
training       `models`, `balls` of the norms, `attacks`, `objectives`, one `loop`; `intervals` bounds logits and losses
evaluation     `rows` per image and attack, `gates` that a sound evaluation passes, attacks from libraries
certificates   randomised `smoothing`, and `bounds` that follow from the centres of a cover for every image
reporting      `statistics`, `verdicts` on claims, `summaries`, `figures`, the cover `explorer`,
               the `outcome` that a run ends with
own            functions and classes of the user's
=============  ======================================================================================================

Packages stand for the stages of the workflow and have the names of its rules' files. Modules import only what their
names need, and are the keys of the workflow's cache: a job is run again when one that its script imports has changed.
"""
