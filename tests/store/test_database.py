"""What a reader sees, and where a database may lie: a disk that cannot be written is only read."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import torch
from tests.store.making import HEAD, SHAPE, add_base, commit

from monogram.errors import StoreError
from monogram.store import Store
from monogram.store.database import Database

NAME = "100% of us?#.db"  # signs that mean something in an address

needs_mount = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="it takes root to mount"
)


@contextmanager
def only_read(folder: Path) -> Iterator[Path]:
    """The same folder at another place, where nobody can write it."""
    disk = folder.with_name("disk")
    disk.mkdir()
    for mount in (["--bind", str(folder)], ["-o", "remount,ro,bind"]):
        if subprocess.run(["mount", *mount, str(disk)], check=False).returncode:
            pytest.skip("nothing can be mounted here")
    try:
        yield disk
    finally:
        # Lazily: SQLite holds a file as long as the process has it open anywhere.
        subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a store of anna's model."""
    made = tmp_path / "kept"
    made.mkdir()
    with Store.create(made / NAME) as store:
        commit(store, add_base(store), "anna", HEAD)
    return made


def test_all_reads_of_a_connection_see_one_state(place):
    counted = "SELECT count(*) FROM monogram_people"
    with Store.create(place) as store, closing(Database(place)) as database:
        base = add_base(store)
        with database.read() as connection:
            assert connection.exec_driver_sql(counted).scalar_one() == 0
            commit(store, base, "anna", HEAD)
            assert connection.exec_driver_sql(counted).scalar_one() == 0
        with database.read() as connection:
            assert connection.exec_driver_sql(counted).scalar_one() == 1


@needs_mount
def test_a_store_that_cannot_be_written_is_read(folder):
    before, link = sorted(folder.iterdir()), folder.with_name("link.db")
    link.symlink_to(folder.with_name("disk") / NAME)
    with only_read(folder), Store.open(link) as store:
        assert [model.individual for model in store.models()] == ["anna"]
        assert store.verify() == []
        assert store.predict(["anna"], torch.zeros(1, *SHAPE)).shape == (1, 3)
        with pytest.raises(StoreError, match="the right to write"):
            commit(store, store.base(), "ben", HEAD)
    assert sorted(folder.iterdir()) == before


@needs_mount
def test_what_a_writer_has_just_committed_is_read(folder):
    with Store.open(folder / NAME) as writer:
        commit(writer, writer.base(), "ben", HEAD)
        with only_read(folder) as disk, Store.open(disk / NAME) as store:
            assert sorted(store.individuals()) == ["anna", "ben"]


@needs_mount
def test_changes_that_cannot_be_read_are_not_passed_over(folder, tmp_path):
    with Store.open(folder / NAME) as writer:
        commit(writer, writer.base(), "ben", HEAD)
        copied = shutil.copytree(folder, tmp_path / "copied")
    (copied / f"{NAME}-shm").unlink()
    with only_read(copied) as disk, pytest.raises(StoreError, match="latest changes are in"):
        Store.open(disk / NAME)
    with Store.open(copied / NAME) as store:
        assert sorted(store.individuals()) == ["anna", "ben"]
