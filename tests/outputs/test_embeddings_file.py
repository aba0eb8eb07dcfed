from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kit import child
from kit.marks import full_disk
from movinet.errors import ModelError, OutputError, UsageError
from movinet.outputs.embeddings import Embeddings


@pytest.fixture
def path(tmp_path):
    return tmp_path / "features.npy"


def test_a_row_for_each_video(path, summary, prediction):
    with Embeddings(path) as out:
        out.prediction("one", prediction, [])
        out.summary("one", summary, [])
        out.summary("two", replace(summary, embedding=np.float32([7, 8, 9])), [])
    rows = np.load(path)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, [[4, 5, 6], [7, 8, 9]])
    assert [entry.name for entry in path.parent.iterdir()] == ["features.npy"]


def test_a_failed_video_is_a_row_of_nan(path, summary):
    with Embeddings(path) as out:
        out.error("none", "no such file")
        out.summary("one", summary, [])
        out.error("none", "no such file")
    rows = np.load(path)
    assert rows.shape == (3, 3)
    np.testing.assert_array_equal(np.isnan(rows), [[True] * 3, [False] * 3, [True] * 3])
    np.testing.assert_array_equal(rows[1], [4, 5, 6])


def test_a_row_for_each_prediction(path, summary, prediction):
    with Embeddings(path, per_frame=True) as out:
        out.prediction("one", prediction, [])
        out.prediction("one", replace(prediction, embedding=np.float32([0, 0, 1])), [])
        out.summary("one", summary, [])
        out.error("two", "no such file")
    np.testing.assert_array_equal(np.load(path), [[1, 2, 3], [0, 0, 1]])


@pytest.mark.parametrize("per_frame", [False, True])
def test_nothing_at_all(per_frame, path):
    with Embeddings(path, per_frame=per_frame):
        pass
    assert np.load(path).shape == (0, 0)


def test_failures_only(path):
    with Embeddings(path) as out:
        out.error("one", "no")
        out.error("two", "no")
    assert np.load(path).shape == (2, 0)


@pytest.mark.parametrize("per_frame", [False, True])
def test_a_model_that_gives_none(per_frame, path, summary, prediction):
    out = Embeddings(path, per_frame=per_frame)
    give = out.prediction if per_frame else out.summary
    result = replace(prediction if per_frame else summary, embedding=None)
    with pytest.raises(ModelError, match=r"no pooled feature for clip\.mp4; leave --embeddings"):
        give("clip.mp4", result, [])


def test_ctrl_c_keeps_what_was_there(path, summary):
    def interrupted():
        with Embeddings(path) as out:
            out.summary("one", summary, [])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    np.testing.assert_array_equal(np.load(path), [[4, 5, 6]])


def test_an_older_file_stays_until_the_end(path, summary):
    path.write_bytes(b"older")
    with Embeddings(path) as out:
        out.summary("one", summary, [])
        assert path.read_bytes() == b"older"
    assert np.load(path).shape == (1, 3)


def test_it_is_written_once(path, summary):
    out = Embeddings(path)
    out.summary("one", summary, [])
    out.close()
    path.unlink()
    out.close()
    assert not path.exists()


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UsageError, match=r"it is a folder; name a file in it$"):
        Embeddings(tmp_path)


def test_a_folder_that_is_not_there_is_noticed_before_the_work(tmp_path):
    with pytest.raises(OutputError, match=r"^cannot write .*features\.npy: there is no folder"):
        Embeddings(tmp_path / "none" / "features.npy")


@full_disk
def test_a_full_disk(summary):
    out = Embeddings("/dev/full")
    out.summary("one", summary, [])
    with pytest.raises(OutputError, match=r"^cannot write /dev/full: No space left on device$"):
        out.close()


_TOO_LARGE = """
import resource, signal, sys
import numpy as np
from movinet.errors import OutputError
from movinet.outputs.embeddings import Embeddings

class Result:
    embedding = np.zeros(100_000, np.float32)

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
out = Embeddings(sys.argv[1])
out.summary("one", Result, [])
try:
    out.close()
except OutputError as error:
    print(error)
"""


def test_a_disk_that_is_full_in_the_middle(path):
    """NumPy then says how much it wrote, but not why it stopped."""
    pytest.importorskip("resource")
    done = child.python(_TOO_LARGE, path)
    assert done.stdout.decode().startswith(f"cannot write {path}: ")
    assert not done.stdout.decode().rstrip().endswith("None")
    assert list(path.parent.iterdir()) == []
