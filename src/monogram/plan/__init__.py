"""What will be trained, in which order, and what of it is shared: curricula as a prefix tree.

`compile_plan` turns curricula × individuals × seeds into a tree in which equal beginnings are one
node: Transfer(20) and Transfer(200) share their training on D_G for everybody, and their first 20
iterations for each individual. The plan can be counted and printed before anything runs.
"""

from monogram.plan.compile import Sizes, compile_plan, one_sided_remarks, uses_individual
from monogram.plan.tree import Model, Node, Plan, Stretch, Task

__all__ = [
    "Model",
    "Node",
    "Plan",
    "Sizes",
    "Stretch",
    "Task",
    "compile_plan",
    "one_sided_remarks",
    "uses_individual",
]
