"""Networks: the paper's, small ones for other inputs, and what any other must satisfy.

A network here is any `torch.nn.Module` from raw inputs [batch, *shape] to logits
[batch, classes]. `Architecture` names one and builds it with the same first weights for the same
seed; `architecture(text, population)` reads a name, a `package.module:factory` or chooses.
"""

from monogram.networks.answers import Answers, answers, check_answers, filled
from monogram.networks.architecture import (
    Architecture,
    architecture,
    factory_named,
    kept_factory,
    rebuild,
)
from monogram.networks.contract import check_network
from monogram.networks.example import example_inputs
from monogram.networks.layout import laid_out
from monogram.networks.natively import (
    gains_natively,
    natively,
    shortened,
    shortened_natively,
)
from monogram.networks.paper import PaperNetwork
from monogram.networks.parts import head_names, last_block_names, trainable_names
from monogram.networks.prepared import PRIOR, Prepared, with_prior
from monogram.networks.small import MLP, Conv1dNetwork

__all__ = [
    "MLP",
    "PRIOR",
    "Answers",
    "Architecture",
    "Conv1dNetwork",
    "PaperNetwork",
    "Prepared",
    "answers",
    "architecture",
    "check_answers",
    "check_network",
    "example_inputs",
    "factory_named",
    "filled",
    "gains_natively",
    "head_names",
    "kept_factory",
    "laid_out",
    "last_block_names",
    "natively",
    "rebuild",
    "shortened",
    "shortened_natively",
    "trainable_names",
    "with_prior",
]
