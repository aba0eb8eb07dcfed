"""Workers of one machine: what they answer, and what happens when they die."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kit.archive import OddJob, alive, begun, children, tiny_job, wait_for, write_archive
from movinet.errors import MovinetError
from movinet.processes import Process
from movinet.scale import Job, Ledger, Outcome, Processes
from movinet.scale.worker import MODULE


@pytest.fixture(autouse=True)
def kit_for_children(monkeypatch):
    """Workers unpickle the odd jobs of `kit`."""
    tests = str(Path(__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")]))


def run(job: Job, videos: list[str], *, jobs: int = 2, **options) -> dict[str, Outcome]:
    """The outcome of each video, each told once."""
    found: list[Outcome] = []
    ledger = Ledger(videos, told=found.append)
    with Processes(job, jobs, **options) as engine:
        engine.run(ledger.todo, ledger)
        workers = children(os.getpid())
    assert not any(alive(worker) for worker in workers)
    assert Counter(outcome.video for outcome in found) == Counter(dict.fromkeys(videos, 1))
    return {outcome.video: outcome for outcome in found}


def test_answers_are_those_of_this_process(tmp_path):
    job = tiny_job(tmp_path, embeddings=True)
    videos = [*write_archive(tmp_path, [f"clip{n}" for n in range(5)]), "missing.mp4"]
    outcomes = run(job, videos)
    classifier = job.load()
    for video in videos:
        here = job.classify(classifier, video, lambda seconds, length: None)
        there = outcomes[video]
        assert (there.lines, there.error, there.seconds) == (here.lines, here.error, here.seconds)
        if here.embedding is None:
            assert there.embedding is None
        else:
            assert there.embedding is not None
            assert there.embedding.tolist() == here.embedding.tolist()
        assert there.cpu > 0
    assert outcomes["missing.mp4"].error == "cannot read missing.mp4: no such file"


def test_a_poisonous_video_is_set_aside_after_two_tries(tmp_path):
    job = tiny_job(tmp_path, diary=tmp_path / "diary")
    videos = write_archive(tmp_path, ["killer", "a", "killer-once", "b", "c"])
    outcomes = run(job, videos)
    assert {video for video, outcome in outcomes.items() if outcome.error} == {videos[0]}
    assert outcomes[videos[0]].error == (
        f"cannot read {videos[0]}: the process that read it was killed by SIGKILL, twice"
    )
    tries = Counter(begun(tmp_path / "diary"))
    assert [tries[video] for video in videos] == [2, 1, 2, 1, 1]


def test_a_fault_of_the_program_is_one_line(tmp_path, capfd):
    job = tiny_job(tmp_path, diary=tmp_path / "diary")
    videos = write_archive(tmp_path, ["faulty", "a"])
    outcomes = run(job, videos, jobs=1)
    assert outcomes[videos[0]].error == (
        f"cannot read {videos[0]}: the process that read it failed (RuntimeError: out of luck), "
        "twice"
    )
    assert outcomes[videos[1]].error is None
    assert capfd.readouterr() == ("", "")


def test_one_that_gives_no_frames_is_stopped(tmp_path):
    job = tiny_job(tmp_path, diary=tmp_path / "diary")
    videos = write_archive(tmp_path, ["sleeper", "a", "b"])
    outcomes = run(job, videos, patience=1.0)
    assert outcomes[videos[0]].error == (
        f"cannot read {videos[0]}: no frame came of it in 1 s, twice"
    )
    assert outcomes[videos[1]].error is None


def test_a_worker_killed_from_outside_costs_a_try(tmp_path):
    job = tiny_job(tmp_path, diary=tmp_path / "diary")
    videos = write_archive(tmp_path, ["slow1", "a", "b"])

    def kill() -> None:
        wait_for(lambda: videos[0] in begun(tmp_path / "diary"))
        os.kill(children(os.getpid())[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    outcomes = run(job, videos, jobs=1)
    killer.join()
    assert not any(outcome.error for outcome in outcomes.values())
    assert Counter(begun(tmp_path / "diary")) == {videos[0]: 2, videos[1]: 1, videos[2]: 1}


def test_a_model_that_a_worker_cannot_load_ends_the_run(tmp_path):
    job = tiny_job(tmp_path)
    job = replace(job, model=replace(job.model, path=tmp_path / "gone.tflite"))
    with pytest.raises(MovinetError, match=r"gone\.tflite"):
        run(job, write_archive(tmp_path, ["a"]))
    with Processes(job, 1) as engine, pytest.raises(MovinetError, match=r"gone\.tflite"):
        engine.check()
    assert not children(os.getpid())


def test_processes_may_have_been_started_before(tmp_path):
    job, videos = tiny_job(tmp_path), write_archive(tmp_path, ["a"])
    started = [Process(MODULE) for _ in range(3)]
    found: list[Outcome] = []
    with Processes(job, 2, started=started) as engine:
        engine.check()
        engine.run(videos, Ledger(videos, told=found.append))
        assert set(children(os.getpid())) == {process.pid for process in started}
    assert [outcome.error for outcome in found] == [None]
    assert not children(os.getpid())


def test_workers_that_cannot_start_are_not_started_for_ever(tmp_path, monkeypatch):
    job = tiny_job(tmp_path, diary=tmp_path / "diary")
    assert isinstance(job, OddJob)
    monkeypatch.setenv("PYTHONPATH", "")  # the odd job cannot be unpickled
    with pytest.raises(MovinetError, match=r"^cannot start workers: .* before it was ready$"):
        run(job, write_archive(tmp_path, ["a"]))


def test_an_engine_may_be_used_again(tmp_path):
    job = tiny_job(tmp_path)
    videos = write_archive(tmp_path, ["a", "b"])
    found: list[Outcome] = []
    with Processes(job, 1) as engine:
        for video in videos:
            engine.run([video], Ledger([video], told=found.append))
            assert len(children(os.getpid())) == 1
    assert [json.loads(outcome.lines)["video"] for outcome in found] == videos
