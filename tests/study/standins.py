"""Rows made up for tests of what is concluded from them."""

from monogram.engine import Row

BASE = "global(epochs=2)"
TRANSFER = "global(epochs=2) >> personal(iterations=20)"
MORE_TRANSFER = "global(epochs=2) >> personal(iterations=200)"
MIXED = "mixed(every=2, epochs=2)"
BASELINE = "union(epochs=2) on other"


def row(curriculum, individual="anna", personal=0.5, shared=0.5, **more):
    """A row with the same figures on validation and test data unless said otherwise."""
    values = {
        "curriculum": curriculum,
        "individual": individual,
        "evaluated_on": individual,
        "seed": 0,
        "personal_accuracy": personal,
        "personal_accuracy_validation": personal,
        "global_accuracy": shared,
        "global_accuracy_validation": shared,
        "personal_samples": 10,
        "own_iterations": 20,
        "shared_iterations": 6,
        "own_samples": 100,
        "shared_samples": 1000,
        "baseline_samples": 2000,
        "collapsed": False,
    }
    rest = {name: 0.0 for name in Row.__dataclass_fields__ if name not in values}
    return Row(**(rest | values | more))


def rows(**figures):
    """Rows of curricula by name of a constant above: {individual: (personal, global)}."""
    return [
        row(globals()[name], individual, *both)
        for name, by_individual in figures.items()
        for individual, both in by_individual.items()
    ]
