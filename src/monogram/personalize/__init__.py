"""A model for every individual, made with a guard and kept in a store.

    outcome = personalize("runs/watch")            # the study's choice, for the study's people
    store = Store.open("runs/watch/models.db")
    store.predict(["person 3", "person 7"], inputs)

| step | module |
|---|---|
| what models are made from: a run directory, or a base of one's own | `start`, `trunks`, `given` |
| whom for: the study's people, or new ones | `people` |
| what need not be made again | `fingerprints`, `there`, `ahead` |
| making and keeping them, interrupted or not | `personalize`, `work`, `harvest` |
| who keeps what was trained, and who the base | `guard` |
| using them on a file | `predictions`, `prediction_file` |
"""

from monogram.personalize.ahead import Ahead
from monogram.personalize.guard import Rules
from monogram.personalize.outcome import Outcome
from monogram.personalize.people import joined, read_people
from monogram.personalize.personalize import look_ahead, personalize, resume
from monogram.personalize.predictions import predict_file
from monogram.personalize.start import Start
from monogram.personalize.ways import Pace, Ways
from monogram.personalize.work import erase_work

__all__ = [
    "Ahead",
    "Outcome",
    "Pace",
    "Rules",
    "Start",
    "Ways",
    "erase_work",
    "joined",
    "look_ahead",
    "personalize",
    "predict_file",
    "read_people",
    "resume",
]
