"""Who there is to learn from: D_G, each individual's D_I, their splits and the classes.

`assemble` turns what a source found (`RawSamples`) into a `Population`, setting aside with a
reason each individual whose data cannot be used. `Population.from_arrays` and
`Population.from_datasets` do the same for data in memory.
"""

from monogram.population.assemble import assemble
from monogram.population.population import Population, Protocol, Remark, SetAside, Split
from monogram.population.samples import RawSamples, merge
from monogram.population.storage import fingerprint, open_population, save_population

__all__ = [
    "Population",
    "Protocol",
    "RawSamples",
    "Remark",
    "SetAside",
    "Split",
    "assemble",
    "fingerprint",
    "merge",
    "open_population",
    "save_population",
]
