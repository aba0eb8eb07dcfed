"""Ray: a cluster of three machines of which one is lost, and a driver that is killed."""

from __future__ import annotations

import os
import threading
from collections import Counter
from pathlib import Path

import pytest

from kit.archive import (
    Job,
    alive,
    begun,
    children,
    classify,
    gone_on,
    held_up,
    tiny_job,
    wait_for,
    write_archive,
    write_model,
)
from movinet.scale import Ledger, Outcome

pytest.importorskip("ray")

# Ray reads settings of its own that it calls old.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")
# A machine is missed in a second, and not in half a minute; none starts workers that may be wanted.
_CONFIG = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 2000,
    "health_check_failure_threshold": 2,
    "enable_worker_prestart": False,
    "enable_metrics_collection": False,
}
_NODE = {"num_cpus": 1, "object_store_memory": 80_000_000}
TESTS = str(Path(__file__).parents[1])


@pytest.fixture(autouse=True, scope="module")
def settings():
    """Ray's workers would let everything else go first, which on a busy machine takes minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([TESTS, os.environ.get("PYTHONPATH", "")]))
        patch.setenv("RAY_worker_niceness", "0")
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        yield


@pytest.fixture(scope="module")
def cluster():
    """Ray's own cluster for tests: the machine of the driver, all on this one."""
    import ray
    from ray.cluster_utils import Cluster

    made = Cluster(
        initialize_head=True,
        head_node_args={**_NODE, "include_dashboard": False, "_system_config": _CONFIG},
    )
    try:
        yield made
    finally:
        ray.shutdown()
        made.shutdown()


def test_a_killed_driver_goes_on(request, tmp_path):
    write_model(tmp_path)
    folder = tmp_path / "clips"
    folder.mkdir()
    driver, videos, pipe = held_up(tmp_path, folder, "--engine", "ray")
    servants = children(driver.pid)
    driver.kill()
    assert driver.communicate() == (None, "")
    # Ray ends with it, and a reader that waits for a frame with Ray.
    wait_for(lambda: not any(alive(servant) for servant in servants))
    pipe.unlink()
    write_archive(folder, ["bb"])
    # On a cluster that is there, which is sooner than to start one.
    cluster = request.getfixturevalue("cluster")
    where = ("--engine", "ray", "--address", cluster.address)
    before, note = gone_on(tmp_path, folder, videos, *where)
    assert before == "movinet: note: 5 of 6 videos were done before"
    assert note.startswith("movinet: note: 1 video, ")
    assert " on 1 actor of Ray: " in note


def test_a_machine_that_is_lost_loses_nothing(cluster, tmp_path):
    from ray.data import DataContext

    from movinet.scale.rayengine import RayEngine

    # The one task of an actor lasts as long as the run.
    DataContext.get_current().execution_no_progress_timeout_s = 1
    nodes = [cluster.add_node(**_NODE) for _ in range(2)]
    diary = tmp_path / "diary"
    job = tiny_job(tmp_path, diary=diary)
    videos = write_archive(tmp_path, ["killer", "killer-once", *(f"slow{n}" for n in range(8))])
    videos.append("missing.mp4")
    found: list[Outcome] = []

    def lose() -> None:
        wait_for(lambda: len(begun(diary)) >= 6, seconds=80)
        cluster.remove_node(nodes[1], allow_graceful=False)

    loser = threading.Thread(target=lose)
    with RayEngine(job, 3, cluster.address) as engine:
        ledger = Ledger(videos, told=found.append)
        loser.start()
        engine.run(ledger.todo, ledger)
    loser.join()
    assert Counter(outcome.video for outcome in found) == dict.fromkeys(videos, 1)
    errors = {outcome.video: outcome.error for outcome in found if outcome.error}
    assert errors == {
        videos[0]: (
            f"cannot read {videos[0]}: the process that read it was killed by SIGKILL, twice"
        ),
        "missing.mp4": "cannot read missing.mp4: no such file",
    }
    # What was in flight was begun again, and nothing else was.
    again = Counter(begun(diary))
    assert again[videos[0]] == again[videos[1]] == 2
    assert sum(again[video] == 2 for video in videos[2:]) <= 2
    classifier = job.load()
    for outcome in found:
        if outcome.error is None:
            here = Job.classify(job, classifier, outcome.video, lambda *_: None)
            assert outcome.lines == here.lines


def test_without_ray_the_extra_is_named(tmp_path, monkeypatch):
    write_model(tmp_path)
    write_archive(tmp_path, ["a"])
    (tmp_path / "ray.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    done = classify(tmp_path, "a.mp4", "--engine", "ray")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "movinet: error: --engine ray needs an extra: pip install 'movinet[ray]'\n"
    )


def test_a_cluster_that_is_not_there_is_one_line(tmp_path):
    write_model(tmp_path)
    write_archive(tmp_path, ["a"])
    where = ("--engine", "ray", "--address", "127.0.0.1:1")
    for out in ((), ("--out", "out.jsonl")):
        done = classify(tmp_path, "a.mp4", *where, *out)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "movinet: error: cannot use Ray at 127.0.0.1:1: Connection refused\n"
    # No journal of what has not begun.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "model.tflite"]


def test_videos_are_handed_out_so_that_all_end_together():
    from movinet.scale.rayengine import _Clerk

    videos = [str(number) for number in range(100)]
    clerk, parts, news = _Clerk(videos, {}, 2), [], []
    while part := list(clerk.take(len(parts) % 2, news)):
        parts.append(part)
        news = [("done", Outcome(video, "")) for video in part]
    assert [video for part in parts for video in part] == videos
    sizes = [len(part) for part in parts]
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-4:]) == (12, [1, 1, 1, 1])


def test_a_task_that_was_lost_gets_what_it_had_again():
    from movinet.scale.rayengine import _Clerk

    clerk = _Clerk(list("abcdefgh"), {}, 1)
    assert list(clerk.take(0, [])) == ["a", "b"]
    clerk.tell([("begin", "a")])
    clerk.tell([("done", Outcome("a", "")), ("begin", "b")])
    assert list(clerk.take(1, [])) == ["c"]
    assert clerk.take(0, []) == {"b": None}
    clerk.tell([("begin", "b")])
    again = clerk.take(0, [])
    assert again["b"] is not None
    assert again["b"].error == (
        "cannot read b: the program, or the machine, that read it was lost, twice"
    )
    assert list(clerk.take(0, [("done", again["b"])])) == ["d"]
    assert [what for what, *_ in clerk.news()] == ["begin", "done", "begin", "begin", "done"]
