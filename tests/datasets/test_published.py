"""Published files: found, checked, and downloaded from a real server on this machine."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from monogram.datasets.published import PublishedFile, data_folder, obtain
from monogram.errors import DataError

CONTENT = bytes(range(256)) * 4000  # about a megabyte


class Publisher:
    """A server of one file that can be made to fail."""

    def __init__(self):
        self.asked: list[str | None] = []  # the Range of each request
        self.cut: list[int] = []  # after how many bytes to break off, request by request
        self.content = CONTENT
        self.ranges = True
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                publisher.serve(self)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/file.gz"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def serve(self, request):
        asked = request.headers.get("Range")
        self.asked.append(asked)
        start = int(asked[6:-1]) if asked and self.ranges else 0
        if start >= len(self.content):
            request.send_error(416)
            return
        body = self.content[start:]
        request.send_response(206 if start else 200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cut.pop(0)] if self.cut else body)


@pytest.fixture
def publisher():
    publisher = Publisher()
    yield publisher
    publisher.server.shutdown()
    publisher.server.server_close()


def _file(publisher, *addresses, content=CONTENT):
    known = (f"md5:{hashlib.md5(content).hexdigest()}",)
    return PublishedFile("file.gz", (*addresses, publisher.address), known)


def _obtain(file, folder):
    return obtain(file, "source", folder, progress=False)


def test_a_file_is_downloaded_once(publisher, tmp_path):
    path = tmp_path / "source" / "file.gz"
    for _ in range(2):
        assert _obtain(_file(publisher), tmp_path) == path
        assert path.read_bytes() == CONTENT
    assert publisher.asked == [None]
    assert not path.with_name("file.gz.part").exists()


def test_a_broken_connection_is_resumed_where_it_broke(publisher, tmp_path):
    publisher.cut = [300_000, 100_000]
    assert _obtain(_file(publisher), tmp_path).read_bytes() == CONTENT
    assert publisher.asked == [None, "bytes=300000-", "bytes=400000-"]


def test_a_later_attempt_resumes_too(publisher, tmp_path):
    publisher.cut = [1000, 1000, 1000]
    with pytest.raises(DataError, match=r"file\.gz is not in .*source and could not be downloaded"):
        _obtain(_file(publisher), tmp_path)
    assert (tmp_path / "source" / "file.gz.part").stat().st_size == 3000
    assert not (tmp_path / "source" / "file.gz").exists()
    assert _obtain(_file(publisher), tmp_path).read_bytes() == CONTENT
    assert publisher.asked[-1] == "bytes=3000-"


def test_a_server_without_ranges_starts_again(publisher, tmp_path):
    publisher.cut, publisher.ranges = [1000], False
    assert _obtain(_file(publisher), tmp_path).read_bytes() == CONTENT


def test_a_whole_part_is_taken(publisher, tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file.gz.part").write_bytes(CONTENT)
    assert _obtain(_file(publisher), tmp_path).read_bytes() == CONTENT


def test_the_second_address_helps_out(publisher, tmp_path):
    dead = "http://127.0.0.1:9/file.gz"
    assert _obtain(_file(publisher, dead), tmp_path).read_bytes() == CONTENT


def test_wrong_content_never_gets_the_files_name(publisher, tmp_path):
    publisher.content = b"something else"
    with pytest.raises(DataError, match="wrong checksum; expected md5:"):
        _obtain(_file(publisher), tmp_path)
    assert not list((tmp_path / "source").glob("file.gz*[!k]"))
    publisher.content = CONTENT
    assert _obtain(_file(publisher), tmp_path).read_bytes() == CONTENT


def test_a_found_file_is_checked(publisher, tmp_path):
    path = _obtain(_file(publisher), tmp_path)
    path.write_bytes(CONTENT[:-1])
    found = hashlib.md5(CONTENT[:-1]).hexdigest()
    with pytest.raises(DataError, match=f"file.gz: wrong checksum.*found md5:{found}.*remove it"):
        _obtain(_file(publisher), tmp_path)


def test_a_known_variant_is_admitted(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "a").write_bytes(b"variant")
    known = ("md5:00", f"sha256:{hashlib.sha256(b'variant').hexdigest()}")
    assert _obtain(PublishedFile("a", ("http://127.0.0.1:9",), known), tmp_path).name == "a"


def test_without_a_network_it_says_what_to_do(tmp_path):
    file = PublishedFile("file.gz", ("http://127.0.0.1:9/file.gz",), ("md5:00",))
    with pytest.raises(DataError) as caught:
        _obtain(file, tmp_path)
    for needed in ("file.gz", str(tmp_path / "source"), "http://127.0.0.1:9/file.gz", "--data-dir"):
        assert needed in str(caught.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "source").write_text("a file in its place")
    file = PublishedFile("file.gz", ("http://127.0.0.1:9/file.gz",), ("md5:00",))
    with pytest.raises(DataError, match=r"file\.gz is not in .*source"):
        _obtain(file, tmp_path)


def test_where_files_are_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("MONOGRAM_DATA", "/env")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert str(data_folder(tmp_path / "given")) == str(tmp_path / "given")
    assert str(data_folder(None)) == "/env"
    monkeypatch.delenv("MONOGRAM_DATA")
    assert data_folder(None) == tmp_path / "monogram"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert data_folder(None) == tmp_path / ".cache" / "monogram"
