"""Your own ways to make synthetic images; docs/extending.md has an example.

Every function or class here whose name has no leading underscore is an ``algorithm`` of methods of family condensation.
A function is called as ``function(task)`` with a `condensation.matching.Task` once per iteration and returns the loss
that the synthetic images ``task.synthetic`` are moved against; a class is a `condensation.matching.Method`, which can
hold a state and draw networks. Either may read any key of a condensation from ``task.settings``.
"""
