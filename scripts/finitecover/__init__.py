"""Minimal finite covers, their rivals, robust training and attacks, as functions of arrays and numbers.

Paper: T. Chen and R. Selvan, "Is Adversarial Training with Compressed Datasets Effective?", arXiv 2402.05675.

=================  ==================================================================================================
data               sources (digits, torchvision, .npz, folders of images), their checks, the split
catalogue, shapes  what is known of a data set before its images are read; what image sizes admit
arrays             the files: labelled images and training sets in one format, written aside and renamed
distances          exact pairwise distances in l1, l2 and linf, by blocks
covers             minimal finite covers for a radius or a budget, with proved lower bounds; their frontier
solver, setcover   the combinatorial core of covers: relaxation, branch and bound, greedy, local search, prices
verification       checks of a cover and of its bound by code that did not make them
coresets           random, k-centre, herding, k-means selections of real images
condensation       the loop of every condensation; `matching` has what DC, DSA, DM and MTT share,
                   `gradient_matching`, `distribution_matching` and `trajectory_matching` their losses
augmentation       differentiable siamese augmentation (DSA)
exchange           files of the reference implementations, read and written
models             ConvNet, MLP and residual network with normalisation as their first layer
norms              the balls of an attack: projection, steepest step, random start
attacks            FGSM and projected gradient descent, for training and for evaluation
library_attacks    AutoAttack and minimal perturbations, by libraries
training           one loop for every kind of training; `objectives` has their losses, `optimiser` the updates
checkpoint         the state that a killed training or condensation goes on from
evaluation, gates  rows per test image and attack, and the statements that a sound evaluation makes true
intervals          interval bounds on logits and losses
certificates       randomised smoothing, and what follows from the centres of a cover for every image
passes             what went forward and backward through a network, counted
tables             tables of many jobs as one
statistics         means, deviations and intervals over seeds
claims, verdicts   what is put to the test, and what comes of it
summaries          tables that the report and docs/results show
figures            style and drawing of every figure
configuration      what a study may say, what it expands to, and one-line refusals
own_*, extensions  functions of the user's, by name
provenance         which modules a script imports, and a digest of them
jobs               logging, progress, device, digests: what every script does first and last
integrity, locks   whether a file is what was written; locks of runs that were killed
=================  ==================================================================================================

Modules import only what their names need; importing `finitecover` itself costs nothing.
"""
