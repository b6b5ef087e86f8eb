"""While a process personalizes into a store, nobody is forgotten there, and the other way round."""

import pytest
from tests.store.making import HEAD, add_base, commit

from monogram.errors import StoreError
from monogram.store import Store


def test_nobody_is_forgotten_in_a_store_that_is_in_use(store, place, tmp_path):
    commit(store, add_base(store), "anna", HEAD)
    with Store.open(place) as one, Store.open(place) as other, one.in_use():
        with other.in_use():
            pass
        with pytest.raises(StoreError, match="a process personalizes into it"):
            store.check_unused()
        with pytest.raises(StoreError, match="nothing was forgotten"):
            store.forget("anna", receipts=tmp_path / "receipts")
    store.check_unused()
    assert store.individuals() == ["anna"]
    assert store.forget("anna", receipts=tmp_path / "receipts").verified


def test_a_store_is_not_used_while_somebody_is_forgotten(store, place, tmp_path, monkeypatch):
    def meanwhile(*_):
        with (
            Store.open(place) as other,
            pytest.raises(StoreError, match="being forgotten there; wait for it"),
            other.in_use(),
        ):
            pass
        raise KeyboardInterrupt

    monkeypatch.setattr("monogram.store.store.forget", meanwhile)
    with pytest.raises(KeyboardInterrupt):
        store.forget("anna", receipts=tmp_path / "receipts")
    with store.in_use():
        pass


def test_a_store_is_free_as_soon_as_a_turn_ends(store):
    """A server notices a connection's end only a moment after it."""
    for _ in range(30):
        store.check_unused()
        with store.in_use():
            pass


def test_a_store_is_the_same_behind_a_link(file_store, tmp_path):
    (tmp_path / "link.db").symlink_to(tmp_path / "people.db")
    with (
        Store.open(tmp_path / "link.db") as linked,
        linked.in_use(),
        pytest.raises(StoreError, match="personalizes into it"),
    ):
        file_store.check_unused()
