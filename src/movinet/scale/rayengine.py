"""`RayEngine`: videos on a Ray cluster, with Ray Data and a pool of actors.

Ray starts an actor a job, on whatever machine has a core free, and hands each one video after the
other. The actor has them read by a process of its own, as `Processes` does here, so that a video
that crashes its reader takes no actor along. Results come back to this process, which alone writes.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import socket
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from movinet.errors import MissingExtraError, MovinetError
from movinet.scale.engine import cores
from movinet.scale.job import Job
from movinet.scale.ledger import Ledger
from movinet.scale.outcome import Outcome
from movinet.scale.processes import PATIENCE, Processes
from movinet.scale.tries import Tries

# What an actor asks for of a core, though it uses a whole one: so actors of a machine that is lost
# find room on the others. With a whole core each they would wait for the machine to come back, and
# their videos with them.
_CORE = 0.5
# Videos that Ray is given at once. Each is a block of its own, so that its result comes at once.
_BATCH = 10_000
# Seconds between two looks at what the actors have begun.
_SECONDS_BETWEEN = 0.5


class RayEngine:
    """A cluster, used in a `with` statement; it is started or found when there is work.

    Ray's own words go to its log files.
    """

    def __init__(
        self, job: Job, jobs: int | None, address: str | None, *, patience: float = PATIENCE
    ) -> None:
        """Nothing is started yet.

        Args:
            job: how to classify.
            jobs: actors; None: as many as the cluster has cores.
            address: of a cluster, "auto" or "HOST:PORT"; None: one on this machine, for this run.
            patience: seconds without a frame after which a try has failed.

        Raises:
            MissingExtraError: Ray is not installed.
        """
        _quiet()
        try:
            import ray.data  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("--engine ray", "ray") from error
        self._job, self._jobs, self._address, self._patience = job, jobs, address, patience
        self._stack = ExitStack()

    @property
    def workers(self) -> str:
        """What does the work, for people."""
        return f"{self._jobs or 0} actors of Ray"

    def run(self, videos: Sequence[str], ledger: Ledger) -> None:
        """Have videos classified, in about their order.

        Raises:
            MovinetError: when there is no such cluster, or the run cannot go on.
        """
        import ray

        if not videos:
            return
        self._connect()
        try:
            file = ray.put(self._job.model.read_bytes())
            clerk = _start_clerk(ledger.reasons())
            for first in range(0, len(videos), _BATCH):
                self._batch(videos[first : first + _BATCH], file, clerk, ledger)
        except ray.exceptions.RayError as error:
            text = str(error).strip().splitlines()
            raise MovinetError(f"Ray cannot go on: {text[-1] if text else error!r}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _connect(self) -> None:
        import ray

        if not ray.is_initialized():
            if self._address is not None:
                _knock(self._address)
            where: dict[str, Any] = {"address": self._address}
            if self._address is None:
                where = {"num_cpus": self._jobs or cores(), "include_dashboard": False}
            try:
                with _silence():
                    ray.init(**where, log_to_driver=False, logging_level=logging.CRITICAL)
            except (ConnectionError, ValueError, RuntimeError) as error:
                text = str(error).strip().splitlines()
                raise MovinetError(f"cannot use Ray at {self._address}: {text[0]}") from error
            self._stack.callback(ray.shutdown)
            self._stack.enter_context(_clean_output())
        if self._jobs is None:
            resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
            self._jobs = max(1, int(resources.get("CPU", 1)))

    def _batch(
        self,
        videos: Sequence[str],
        file: Any,  # noqa: ANN401 (a reference of Ray)
        clerk: Any,  # noqa: ANN401 (an actor has no type)
        ledger: Ledger,
    ) -> None:
        """Ray's results come in a thread, so that what begins meanwhile is known as it begins."""
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        rows = [{"video": pickle.dumps(video)} for video in videos]
        reader: Any = _Reader  # Ray makes one of it in each actor, and calls that
        data = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            reader,
            fn_constructor_args=(self._job, Path.cwd(), file, clerk, self._patience),
            compute=ray.data.ActorPoolStrategy(size=self._jobs, max_tasks_in_flight_per_actor=2),
            num_cpus=_CORE,
        )
        results: queue.SimpleQueue[Outcome | BaseException | None] = queue.SimpleQueue()

        def collect() -> None:
            try:
                for batch in data.iter_batches(
                    batch_size=None, batch_format="numpy", prefetch_batches=0
                ):
                    for value in batch["outcome"]:
                        results.put(pickle.loads(value))
            except BaseException as error:
                results.put(error)
            else:
                results.put(None)

        threading.Thread(target=collect, daemon=True).start()
        while True:
            with suppress(queue.Empty):
                result = results.get(timeout=_SECONDS_BETWEEN)
                if result is None:
                    break
                if isinstance(result, BaseException):
                    raise result
                ledger.done(result)
            for what, *values in ray.get(clerk.news.remote()):
                getattr(ledger, what)(*values)


def _quiet() -> None:
    """Settings of Ray that must stand before it is imported; what people have set stays."""
    for name, value in (
        ("RAY_USAGE_STATS_ENABLED", "0"),  # tells its makers nothing
        (
            "RAY_BACKEND_LOG_LEVEL",
            "fatal",
        ),  # else warns on standard error of what is as it is to be
        ("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"),  # else warns that this will be the default
    ):
        os.environ.setdefault(name, value)


def _knock(address: str) -> None:
    """Ray would wait for minutes for a cluster that is not there."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        return
    try:
        socket.create_connection((host.rpartition("/")[2].strip("[]"), int(port)), 10).close()
    except OSError as error:
        raise MovinetError(
            f"cannot use Ray at {address}: {error.strerror or 'nobody answers'}"
        ) from error


@contextmanager
def _silence() -> Iterator[None]:
    """Ray says on standard error, past Python, that it was told to say less."""
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextmanager
def _clean_output() -> Iterator[None]:
    """Ray prints what befalls its machines on standard output, where results are.

    It has no setting for that, so the function that prints is taken out.
    """
    from ray._private import worker

    kept = worker.print_to_stdstream
    worker.print_to_stdstream = lambda *given, **more: None
    try:
        yield
    finally:
        worker.print_to_stdstream = kept


def _start_clerk(reasons: dict[str, list[str]]) -> Any:  # noqa: ANN401 (an actor has no type)
    """On the machine of this process, which is lost only when all is."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(_Clerk).options(num_cpus=0, scheduling_strategy=here).remote(reasons)


class _Clerk:
    """An actor beside the driver: knows which tries have failed, wherever that was."""

    def __init__(self, reasons: dict[str, list[str]]) -> None:
        self._tries = Tries(reasons)
        self._news: list[tuple[Any, ...]] = []

    def begin(self, video: str) -> Outcome | None:
        self._news.append(("begin", video))
        return self._tries.begin(video)

    def broke(self, video: str, reason: str) -> Outcome | None:
        self._news.append(("broke", video, reason))
        return self._tries.broke(video, reason)

    def reached(self, video: str, seconds: float, length: float | None) -> None:
        self._news.append(("reached", video, seconds, length))

    def end(self, video: str) -> None:
        self._tries.end(video)

    def news(self) -> list[tuple[Any, ...]]:
        news, self._news = self._news, []
        return news


class _Reader:
    """What an actor runs: a process that classifies, and the way to the clerk."""

    def __init__(
        self,
        job: Job,
        place: Path,
        file: Any,  # noqa: ANN401 (a reference of Ray)
        clerk: Any,  # noqa: ANN401 (an actor has no type)
        patience: float,
    ) -> None:
        # Names of videos are relative to where the driver runs, if this machine has that folder.
        with suppress(OSError):
            os.chdir(place)
        self._folder = ExitStack()
        job = replace(job, model=self._model(job.model, file))
        self._processes = Processes(job, 1, patience=patience)
        self._clerk = clerk
        self._outcome: Outcome | None = None

    def _model(self, path: Path, file: Any) -> Path:  # noqa: ANN401 (a reference of Ray)
        """The model goes along with the work: no machine but the driver's need have it."""
        import ray

        content = ray.get(file)
        with suppress(OSError):
            if path.read_bytes() == content:
                return path
        folder = tempfile.TemporaryDirectory(prefix="movinet-")
        copy = Path(self._folder.enter_context(folder)) / path.name
        copy.write_bytes(content)
        return copy

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """Classify the video of a row."""
        self._processes.run([pickle.loads(row["video"])], self)
        return {"outcome": pickle.dumps(self._outcome)}

    def begin(self, video: str) -> Outcome | None:
        import ray

        given_up: Outcome | None = ray.get(self._clerk.begin.remote(video))
        return given_up

    def broke(self, video: str, reason: str) -> Outcome | None:
        import ray

        given_up: Outcome | None = ray.get(self._clerk.broke.remote(video, reason))
        return given_up

    def reached(self, video: str, seconds: float, length: float | None) -> None:
        self._clerk.reached.remote(video, seconds, length)

    def done(self, outcome: Outcome) -> None:
        self._clerk.end.remote(outcome.video)
        self._outcome = outcome
