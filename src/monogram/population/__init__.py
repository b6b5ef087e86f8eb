"""Who there is to learn from: D_G, each individual's D_I, their splits and the classes.

`assemble` turns what a source found (`RawSamples`) into a `Population`, setting aside with a
reason each individual whose data cannot be used. `from_arrays` and
`from_datasets` do the same for data in memory.
"""

from monogram.population.assemble import assemble
from monogram.population.memory import from_arrays, from_datasets
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
    "from_arrays",
    "from_datasets",
    "merge",
    "open_population",
    "save_population",
]
