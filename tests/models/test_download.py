from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import signal
import socket
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import pytest

from movinet.errors import DownloadError
from movinet.models import transfer
from movinet.models.cache import cache_dir, mirror, offline
from movinet.models.download import cached, fetch, recorded_sha256

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /dev/full")
POSIX = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def failed(entry) -> str:
    """Fetch in vain; return the message, which must be one line and leave no file behind."""
    with pytest.raises(DownloadError) as caught:
        fetch(entry)
    assert "\n" not in str(caught.value)
    assert cached(entry) is None
    return str(caught.value)


def in_cache() -> set[str]:
    return {file.name for file in cache_dir().iterdir()}


def ranges(server) -> list[str | None]:
    return [request.get("Range") for request in server.requests]


# ---- the plain case ------------------------------------------------------------------------------


def test_a_file_is_fetched_once(server, entry):
    assert cached(entry) is None
    path = fetch(entry)
    assert path == cache_dir() / "one.tflite"
    assert path.read_bytes() == server.body
    assert in_cache() == {"one.tflite", "one.tflite.lock"}
    assert cached(entry) == path
    assert fetch(entry) == path
    assert [request["path"] for request in server.requests] == ["/models/one"]


def test_progress_grows_to_the_whole(server, entry):
    calls = []
    fetch(entry, progress=lambda done, total: calls.append((done, total)))
    done = [call[0] for call in calls]
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == len(server.body)
    assert {call[1] for call in calls} == {len(server.body)}
    assert len(calls) > 2


# ---- broken connections --------------------------------------------------------------------------


def test_a_server_that_stops_once_is_asked_for_the_rest(server, entry):
    server.cuts = [300_000]
    assert fetch(entry).read_bytes() == server.body
    assert ranges(server) == [None, "bytes=300000-"]
    assert server.requests[1]["If-Range"] == '"one"'


def test_a_server_that_always_stops_is_reported_and_resumed_at_the_next_call(server, entry):
    server.cut_always = 100_000
    message = failed(entry)
    assert f"400000 of {len(server.body)} bytes" in message
    assert entry.url in message
    assert ranges(server) == [None, "bytes=100000-", "bytes=200000-", "bytes=300000-"]
    server.cut_always = None
    assert fetch(entry).read_bytes() == server.body
    assert ranges(server)[-1] == "bytes=400000-"
    assert in_cache() == {"one.tflite", "one.tflite.lock"}


def test_a_silent_server_is_given_up_and_resumed(server, entry, monkeypatch):
    monkeypatch.setattr(transfer, "READ_TIMEOUT", 0.2)
    server.cuts, server.stalls = [300_000], 1
    start = time.monotonic()
    assert fetch(entry).read_bytes() == server.body
    assert time.monotonic() - start < transfer.CONNECT_TIMEOUT / 2
    assert ranges(server) == [None, "bytes=300000-"]


def test_no_more_is_taken_than_the_server_announced(server, entry):
    server.excess = bytes(300_000)
    assert fetch(entry).read_bytes() == server.body


def test_a_server_that_ignores_ranges_sends_all_again(server, entry):
    server.cuts, server.ranges = [300_000], False
    assert fetch(entry).read_bytes() == server.body
    assert ranges(server) == [None, "bytes=300000-"]


def test_a_file_that_changed_meanwhile_is_fetched_anew(server, unverified):
    server.cuts = [300_000]
    first = server.body

    def change(done, total):
        if done == 300_000:
            server.body, server.etag = first[:8] + first[:7:-1], '"two"'

    path = fetch(unverified, progress=change)
    assert path.read_bytes() == server.body != first
    assert server.requests[1]["If-Range"] == '"one"'


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_without_a_strong_etag_the_date_is_the_validator(server, unverified, etag):
    server.cuts, server.etag = [300_000], etag
    server.modified = "Fri, 04 Feb 2022 00:00:00 GMT"
    assert fetch(unverified).read_bytes() == server.body
    assert ranges(server) == [None, "bytes=300000-"]
    assert server.requests[1]["If-Range"] == server.modified


def test_without_validator_and_hash_a_part_is_not_trusted(server, unverified):
    server.cuts, server.etag = [300_000], None
    assert fetch(unverified).read_bytes() == server.body
    assert ranges(server) == [None, None]


def test_with_a_hash_a_part_needs_no_validator(server, entry):
    server.cuts, server.etag = [300_000], None
    assert fetch(entry).read_bytes() == server.body
    assert ranges(server) == [None, "bytes=300000-"]
    assert "If-Range" not in server.requests[1]


def test_another_part_than_asked_for_is_not_used(server, entry):
    server.cuts, server.shift = [300_000], 7
    assert fetch(entry).read_bytes() == server.body
    assert ranges(server) == [None, "bytes=300000-", None]


def test_a_part_longer_than_the_file_is_thrown_away(server, entry):
    server.cuts, server.etag = [300_000], None
    whole, server.body = server.body[:1000], server.body
    small = dataclasses.replace(entry, sha256=sha256(whole))

    def shrink(done, total):
        if done == 300_000:
            server.body = whole

    assert fetch(small, progress=shrink).read_bytes() == whole
    assert ranges(server) == [None, "bytes=300000-", None]


def test_a_part_from_another_address_is_not_used(server, entry):
    server.cut_always = 100_000
    failed(entry)
    server.cut_always = None
    moved = dataclasses.replace(entry, url=f"{server.url}/elsewhere")
    assert fetch(moved).read_bytes() == server.body
    assert ranges(server)[-1] is None


def test_a_refused_connection_is_one_line_at_once(entry, monkeypatch):
    monkeypatch.setattr(transfer, "RETRY_DELAYS", (60.0,))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers here
        url = f"http://127.0.0.1:{free.getsockname()[1]}/one"
        assert url in failed(dataclasses.replace(entry, url=url))


def test_an_address_that_is_none_is_one_line(entry, monkeypatch):
    monkeypatch.setenv("MOVINET_MIRROR", "http://[broken")
    assert "http://[broken/one.tflite" in failed(entry)


def test_a_server_without_tls_is_one_line(server, entry):
    url = server.url.replace("http:", "https:")
    assert "SSL" in failed(dataclasses.replace(entry, url=url))


# ---- answers that are no file --------------------------------------------------------------------


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_final_and_carries_the_note(server, entry, status):
    server.status = status
    message = failed(entry)
    assert f"{entry.url} answered {status}" in message
    assert "the note of the entry" in message
    assert len(server.requests) == 1


def test_a_redirect_is_followed_with_the_range(server, entry):
    server.redirects = {"/models/one": "/store/one?signed"}
    server.cuts = [300_000]
    assert fetch(entry).read_bytes() == server.body
    assert [request["path"] for request in server.requests] == [
        *("/models/one", "/store/one?signed"),
        *("/models/one", "/store/one?signed"),
    ]
    assert server.requests[-1]["Range"] == "bytes=300000-"
    assert server.requests[-1]["If-Range"] == '"one"'


def test_a_redirect_in_a_circle_is_one_line(server, entry):
    server.redirects = {"/models/one": "/models/one"}
    assert "answered 302" in failed(entry)


def test_an_answer_without_content_is_an_error(server, entry):
    server.status = 204
    assert "answered 204" in failed(entry)


def test_a_busy_server_is_asked_again(server, entry):
    server.statuses = [503, 429]
    assert fetch(entry).read_bytes() == server.body
    assert len(server.requests) == 3


def test_a_server_that_stays_busy_is_reported(server, entry):
    server.status = 503
    assert "answered 503" in failed(entry)
    assert len(server.requests) == 4


# ---- the right file? -----------------------------------------------------------------------------


def test_a_wrong_hash_names_both_and_leaves_nothing(server, entry):
    wrong = dataclasses.replace(entry, sha256="0" * 64)
    message = failed(wrong)
    assert "0" * 64 in message
    assert sha256(server.body) in message
    assert in_cache() == {"one.tflite.lock"}


def test_a_wrong_size_names_both_and_leaves_nothing(server, entry):
    message = failed(dataclasses.replace(entry, size=12))
    assert f"is {len(server.body)}, expected 12" in message
    assert in_cache() == {"one.tflite.lock"}


def test_a_git_blob_id_is_checked(server, entry):
    server.body = b"hello\n"
    # What `git hash-object` says of "hello" and a line feed.
    right = "ce013625030ba8dba906f756967f9e9ca394464a"
    blob = dataclasses.replace(entry, kind="pytorch", sha256=None, git_blob=right)
    assert fetch(blob).read_bytes() == b"hello\n"
    assert recorded_sha256(blob) is None
    fetch(blob).unlink()
    wrong = "0" * 40
    message = failed(dataclasses.replace(blob, git_blob=wrong))
    assert right in message
    assert wrong in message


def test_the_hash_of_a_first_download_is_kept_and_holds(server, unverified):
    assert recorded_sha256(unverified) is None
    path = fetch(unverified)
    first = sha256(server.body)
    assert recorded_sha256(unverified) == first
    assert (cache_dir() / "one.tflite.sha256").read_text() == f"{first}  one.tflite\n"
    path.unlink()
    assert fetch(unverified).read_bytes() == server.body
    path.unlink()
    server.body += b"more"
    message = failed(unverified)
    assert first in message
    assert sha256(server.body) in message
    assert recorded_sha256(unverified) == first


@pytest.mark.parametrize(
    ("kind", "filename"), [("tflite", "one.tflite"), ("checkpoint", "one.tar.gz")]
)
def test_a_login_page_passes_for_no_model(server, unverified, kind, filename):
    server.body = b"<!DOCTYPE html><title>Please log in</title>"
    page = dataclasses.replace(unverified, kind=kind, filename=filename)
    assert "<!DOCTYPE html>" in failed(page)
    assert recorded_sha256(page) is None


# ---- archives ------------------------------------------------------------------------------------


def archive(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name.replace("_", "."))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def test_a_model_in_an_archive_is_unpacked_and_then_checked(server, entry):
    model, server.body = server.body, archive(__1_tflite=server.body, readme_txt=b"read me")
    path = fetch(dataclasses.replace(entry, size=len(model)))
    assert path.read_bytes() == model
    assert in_cache() == {"one.tflite", "one.tflite.lock"}
    assert not (cache_dir().parent / "1.tflite").exists()


def test_a_wrong_model_in_an_archive_leaves_nothing(server, entry):
    server.body = archive(one_tflite=b"another")
    assert sha256(b"another") in failed(entry)
    assert in_cache() == {"one.tflite.lock"}


def test_an_archive_must_hold_one_model(server, entry):
    server.body = archive(one_tflite=b"1", two_tflite=b"2")
    assert "2 .tflite files" in failed(entry)
    assert in_cache() == {"one.tflite.lock"}


@pytest.mark.parametrize("damage", ["cut", "garbled", "no tar"])
def test_a_damaged_archive_is_fetched_anew_at_the_next_call(server, entry, damage):
    whole = archive(one_tflite=server.body)
    middle = len(whole) // 2
    server.body = {
        "cut": whole[:middle],
        "garbled": whole[:middle] + bytes(100) + whole[middle + 100 :],
        "no tar": b"\x1f\x8b and nothing else",
    }[damage]
    assert "damaged archive" in failed(entry)
    server.body = whole
    assert sha256(fetch(entry).read_bytes()) == entry.sha256


def test_a_checkpoint_stays_an_archive(server, unverified):
    server.body = archive(checkpoint=b"checkpoint")
    packed = dataclasses.replace(unverified, kind="checkpoint", filename="one.tar.gz")
    assert fetch(packed).read_bytes() == server.body


# ---- offline and mirrors -------------------------------------------------------------------------


def test_offline_says_where_it_looked_and_what_to_do(server, entry, monkeypatch):
    monkeypatch.setenv("MOVINET_OFFLINE", "1")
    message = failed(entry)
    for part in (str(cache_dir() / "one.tflite"), "MOVINET_MIRROR", "MOVINET_OFFLINE"):
        assert part in message
    assert server.requests == []


def test_offline_uses_what_is_there(server, entry, monkeypatch):
    path = fetch(entry)
    monkeypatch.setenv("MOVINET_OFFLINE", "1")
    assert fetch(entry) == path


def test_a_mirror_may_be_a_folder_even_offline(server, entry, tmp_path, monkeypatch):
    folder = tmp_path / "a mirror"
    folder.mkdir()
    (folder / "one.tflite").write_bytes(server.body)
    monkeypatch.setenv("MOVINET_MIRROR", str(folder))
    monkeypatch.setenv("MOVINET_OFFLINE", "1")
    calls = []
    path = fetch(entry, progress=lambda done, total: calls.append((done, total)))
    assert path.read_bytes() == server.body
    assert calls[-1] == (len(server.body), len(server.body))
    assert server.requests == []


def test_a_file_of_a_mirror_is_checked(entry, tmp_path, monkeypatch):
    (tmp_path / "one.tflite").write_bytes(b"another")
    monkeypatch.setenv("MOVINET_MIRROR", str(tmp_path))
    assert sha256(b"another") in failed(entry)
    assert (tmp_path / "one.tflite").exists()


def test_a_mirror_without_the_file_is_an_error(server, entry, tmp_path, monkeypatch):
    monkeypatch.setenv("MOVINET_MIRROR", str(tmp_path))
    message = failed(entry)
    assert str(tmp_path / "one.tflite") in message
    assert "mirror" in message
    assert server.requests == []


def test_a_half_copy_passes_for_no_half_download(server, entry, tmp_path, monkeypatch):
    server.cut_always = 100_000
    failed(entry)
    server.cut_always = None
    (tmp_path / "one.tflite").write_bytes(bytes(900_000))
    monkeypatch.setenv("MOVINET_MIRROR", str(tmp_path))

    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(entry, progress=interrupt)
    monkeypatch.delenv("MOVINET_MIRROR")
    assert fetch(entry).read_bytes() == server.body
    assert ranges(server)[-1] is None


def test_a_mirror_may_be_a_base_url(server, entry, monkeypatch):
    monkeypatch.setenv("MOVINET_MIRROR", f"{server.url}/mirror/")
    spaced = dataclasses.replace(entry, filename="eins und 둘.tflite")
    assert fetch(spaced).read_bytes() == server.body
    assert server.requests[0]["path"] == "/mirror/eins%20und%20%EB%91%98.tflite"


def test_a_mirror_on_the_network_is_not_asked_offline(server, entry, monkeypatch):
    monkeypatch.setenv("MOVINET_MIRROR", server.url)
    monkeypatch.setenv("MOVINET_OFFLINE", "yes")
    failed(entry)
    assert server.requests == []


# ---- interruptions and other processes -----------------------------------------------------------

CHILD = """
import dataclasses, sys
from movinet.models.catalogue import find
from movinet.models.download import fetch
entry = dataclasses.replace(
    find("a0-lite-k600-int8"),
    url=sys.argv[1], filename="one.tflite", size=None, sha256=sys.argv[2],
)
print("asking", flush=True)
print(fetch(entry))
"""


def child(entry) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, entry.url, entry.sha256]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def wait_for(condition) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end, "it did not happen within 10 s"
        time.sleep(0.01)


def test_of_two_processes_one_downloads_and_both_get_the_file(server, entry):
    server.hold = threading.Event()
    with child(entry) as one, child(entry) as two:
        assert one.stdout.readline() == two.stdout.readline() == "asking\n"
        wait_for(lambda: server.requests)
        time.sleep(0.3)  # time enough for a second request, if there were to be one
        server.hold.set()
        answers = {process.communicate(timeout=10)[0].strip() for process in (one, two)}
    assert answers == {str(cache_dir() / "one.tflite")}
    assert len(server.requests) == 1


@POSIX
def test_ctrl_c_keeps_the_part_and_lets_go_of_the_lock(server, entry):
    server.cuts, server.stalls = [300_000], 1
    part = cache_dir() / "one.tflite.part"
    with child(entry) as process:
        wait_for(lambda: part.exists() and part.stat().st_size)
        process.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in process.communicate(timeout=10)[1]
    assert cached(entry) is None
    have = part.stat().st_size
    assert fetch(entry).read_bytes() == server.body
    assert ranges(server) == [None, f"bytes={have}-"]


def test_a_part_that_is_whole_needs_no_further_request(server, entry):
    def interrupt(done, total):
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(entry, progress=interrupt)
    assert fetch(entry).read_bytes() == server.body
    assert len(server.requests) == 1


@LINUX
def test_a_full_disk_is_one_line_and_leaves_no_name(server, entry):
    cache_dir().mkdir()
    part = cache_dir() / "one.tflite.part"
    part.symlink_to("/dev/full")
    message = failed(entry)
    assert "No space left on device" in message
    assert str(cache_dir()) in message
    part.unlink()
    assert fetch(entry).read_bytes() == server.body


def test_a_cache_that_cannot_be_made_is_one_line(entry, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("a file, no folder")
    monkeypatch.setenv("MOVINET_CACHE", str(tmp_path / "file" / "cache"))
    assert str(tmp_path / "file" / "cache") in failed(entry)
    assert recorded_sha256(entry) is None


# ---- the environment -----------------------------------------------------------------------------


@LINUX
@pytest.mark.parametrize(
    ("xdg", "expected"),
    [
        ("/some/where", Path("/some/where/movinet")),
        ("relative", Path("/home/me/.cache/movinet")),
        ("", Path("/home/me/.cache/movinet")),
        (None, Path("/home/me/.cache/movinet")),
    ],
)
def test_the_cache_is_where_the_platform_wants_it(monkeypatch, xdg, expected):
    monkeypatch.delenv("MOVINET_CACHE")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if xdg is not None:
        monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    assert cache_dir() == expected


def test_the_cache_may_be_chosen(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOVINET_CACHE", "here")
    assert cache_dir() == tmp_path / "here"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("true", True), ("YES", True), ("0", False), ("no", False), ("", False)],
)
def test_offline_is_a_word(monkeypatch, value, expected):
    monkeypatch.setenv("MOVINET_OFFLINE", value)
    assert offline() is expected


def test_an_empty_mirror_is_none(monkeypatch):
    monkeypatch.setenv("MOVINET_MIRROR", "")
    assert mirror() is None
