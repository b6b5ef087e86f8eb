"""What the paper found: its Table 2, and which of our curricula each of its rows is.

Schneider and Vlachos, "Mass Personalization of Deep Learning": section Results, Table 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ScenarioName = Literal["class-counts", "hidden-factors"]


@dataclass(frozen=True)
class PaperSpread:
    """A figure over the paper's 50 individuals, fractions in [0, 1]."""

    mean: float
    sd: float
    min: float
    max: float


@dataclass(frozen=True)
class PaperRow:
    """A row of Table 2.

    Attributes:
        name: as the paper prints it.
        personal: acc(D_S).
        shared: acc(D_G).
        relative_cost: r_train.
    """

    name: str
    personal: PaperSpread
    shared: PaperSpread
    relative_cost: float


def _row(name: str, *figures: float) -> PaperRow:
    return PaperRow(name, PaperSpread(*figures[:4]), PaperSpread(*figures[4:8]), figures[8])


BASELINE = "BaseLine"
EARLY_500, EARLY_5000 = "EarlyShape-Iter-500", "EarlyShape-Iter-5000"
MIXED_2, MIXED_88 = "SampleWeigh-Iter-2", "SampleWeigh-Iter-88"
TRANSFER_20, TRANSFER_200 = "Transfer-Iter-20", "Transfer-Iter-200"

TABLE_2: Mapping[ScenarioName, tuple[PaperRow, ...]] = {
    "class-counts": (
        _row(BASELINE, 0.9102, 0.0574, 0.7444, 0.9889, 0.9215, 0.003, 0.9117, 0.9289, 1.0),
        _row(EARLY_500, 0.9113, 0.0588, 0.6889, 1.0, 0.9182, 0.0034, 0.9065, 0.9241, 1.0),
        _row(EARLY_5000, 0.9103, 0.0551, 0.7333, 0.9889, 0.9188, 0.0037, 0.9038, 0.9275, 1.0),
        _row(MIXED_2, 0.9247, 0.0485, 0.7667, 1.0, 0.9176, 0.0055, 0.8935, 0.9269, 0.99),
        _row(MIXED_88, 0.9542, 0.0398, 0.8333, 1.0, 0.8227, 0.0485, 0.6045, 0.8899, 1.0),
        _row(TRANSFER_20, 0.9556, 0.0377, 0.8333, 1.0, 0.7369, 0.078, 0.5031, 0.8796, 0.01),
        _row(TRANSFER_200, 0.9633, 0.0355, 0.8333, 1.0, 0.6929, 0.0986, 0.4274, 0.8708, 0.02),
    ),
    "hidden-factors": (
        _row(BASELINE, 0.9617, 0.0342, 0.8509, 1.0, 0.9571, 0.003, 0.9475, 0.9644, 1.0),
        _row(EARLY_500, 0.965, 0.0359, 0.8421, 1.0, 0.9581, 0.0021, 0.9508, 0.9622, 1.0),
        _row(EARLY_5000, 0.9626, 0.0388, 0.8421, 1.0, 0.958, 0.0024, 0.9459, 0.9623, 1.0),
        _row(MIXED_2, 0.9768, 0.025, 0.9009, 1.0, 0.9568, 0.0032, 0.9432, 0.9632, 0.99),
        _row(MIXED_88, 0.9729, 0.0256, 0.8829, 1.0, 0.9338, 0.0048, 0.9166, 0.9424, 1.0),
        _row(TRANSFER_20, 0.9747, 0.0243, 0.8917, 1.0, 0.9396, 0.0174, 0.8768, 0.9559, 0.01),
        _row(TRANSFER_200, 0.9824, 0.018, 0.925, 1.0, 0.9413, 0.0148, 0.8778, 0.9563, 0.02),
    ),
}
