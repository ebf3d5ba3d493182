"""Minimal finite covers, their rivals, robust training and attacks, as functions of arrays and numbers.

Paper: T. Chen and R. Selvan, "Is Adversarial Training with Compressed Datasets Effective?", arXiv 2402.05675.

=================  ==================================================================================================
data               sources (digits, torchvision, .npz, folders of images), their checks, the split
arrays             the files: labelled images and training sets in one format, written aside and renamed
distances          exact pairwise distances in l1, l2 and linf, by blocks
covers             minimal finite covers for a radius or a budget, with proved lower bounds; their frontier
setcover           the combinatorial core of covers: greedy, local search, prices
verification       checks of a cover and of its bound by code that did not make them
coresets           random, k-centre, herding, k-means selections of real images
condensation       distribution matching (DM), the synthetic rival
augmentation       differentiable siamese augmentation (DSA), used by condensation
models             ConvNet and MLP with normalisation as their first layer
shapes             what image sizes admit
norms              the balls of an attack: projection, steepest step, random start
attacks            FGSM and projected gradient descent, for training and for evaluation
optimiser          stochastic gradient descent with momentum
training           one loop for standard, adversarial and generalised adversarial training
evaluation         rows per test image and attack, and the gates that every evaluation passes through
statistics         means, deviations and intervals over seeds
figures            style and drawing of every figure
configuration      what a study may say, what it expands to, and one-line refusals
provenance         which modules a script imports, and a digest of them
jobs               logging, progress, device: what every script does first
=================  ==================================================================================================

Modules import only what their names need; importing `finitecover` itself costs nothing.
"""
