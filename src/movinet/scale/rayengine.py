"""`RayEngine`: videos on a Ray cluster, with Ray Data and a pool of actors.

Ray starts an actor a job, on whatever machine has a core free, and hands each some videos at a
time. The actor has them read by a process of its own, as `Processes` does here, so that a video
that crashes its reader takes no actor along. Results come back to this process, which alone writes.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import signal
import socket
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from movinet.errors import MissingExtraError, MovinetError, UsageError
from movinet.processes import cores
from movinet.scale.job import Job
from movinet.scale.ledger import Ledger
from movinet.scale.outcome import Outcome
from movinet.scale.processes import PATIENCE, Processes
from movinet.scale.tries import Tries

# What an actor asks for of a core, though it uses a whole one: so actors of a machine that is lost
# find room on the others. With a whole core each they would wait for the machine to come back, and
# their videos with them.
_CORE = 0.5
# Videos that Ray is given at once.
_BATCH = 10_000
# Videos that an actor is given at once. Handing out costs Ray some 20 ms of processor time.
_MOST_AT_ONCE = 16
# Seconds between two looks at what the actors have told.
_SECONDS_BETWEEN = 0.3


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
            UsageError: the address is that of Ray's client.
        """
        if address is not None and address.startswith("ray://"):
            raise UsageError(
                f"{address} is for Ray's client, which Ray Data does not work over: run this on a "
                "machine of the cluster, with --address auto"
            )
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

    def check(self) -> None:
        """Load the model here, where that costs less than to find out elsewhere.

        Raises:
            MovinetError: it cannot be.
        """
        self._job.load()

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
            file = ray.put(self._job.model.path.read_bytes())
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
            # Ray has its own way with SIGTERM; people's stays.
            kept = signal.getsignal(signal.SIGTERM)
            try:
                with _silence():
                    ray.init(**where, log_to_driver=False, logging_level=logging.CRITICAL)
            except (ConnectionError, ValueError, RuntimeError) as error:
                text = str(error).strip().splitlines()
                raise MovinetError(f"cannot use Ray at {self._address}: {text[0]}") from error
            signal.signal(signal.SIGTERM, kept)
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
        actors = min(self._jobs or 1, len(videos))
        rows = [{"videos": pickle.dumps(part)} for part in _parts(videos, actors)]
        reader: Any = _Reader  # Ray makes one of it in each actor, and calls that
        data = ray.data.from_items(rows, override_num_blocks=len(rows)).map(
            reader,
            fn_constructor_args=(self._job, Path.cwd(), file, clerk, self._patience),
            compute=ray.data.ActorPoolStrategy(size=actors, max_tasks_in_flight_per_actor=1),
            num_cpus=_CORE,
        )
        ends: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

        def work() -> None:
            try:
                for _ in data.iter_batches(batch_size=None, prefetch_batches=0):
                    pass
            except BaseException as error:
                ends.put(error)
            else:
                ends.put(None)

        threading.Thread(target=work, daemon=True).start()
        ended = False
        while not ended:
            with suppress(queue.Empty):
                error = ends.get(timeout=_SECONDS_BETWEEN)
                if error is not None:
                    raise error
                ended = True
            for what, *values in ray.get(clerk.news.remote()):
                getattr(ledger, what)(*values)


def _parts(videos: Sequence[str], actors: int) -> Iterator[list[str]]:
    """Videos that an actor is given at once: fewer and fewer, so that all actors end together."""
    first = 0
    while first < len(videos):
        size = max(1, min(_MOST_AT_ONCE, (len(videos) - first) // (4 * actors)))
        yield list(videos[first : first + size])
        first += size


def _quiet() -> None:
    """Settings of Ray that must stand before it is imported; what people have set stays."""
    for name, value in (
        ("RAY_USAGE_STATS_ENABLED", "0"),  # tells its makers nothing
        ("RAY_ENABLE_AUTO_CONNECT", "0"),  # else starts anew for what is under way as it ends
        (
            "RAY_BACKEND_LOG_LEVEL",
            "fatal",
        ),  # else warns on standard error of what is as it is to be
        ("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0"),  # else warns that this will be the default
    ):
        os.environ.setdefault(name, value)
    # What Ray says of its own use of itself is nothing that people here can change.
    warnings.filterwarnings("ignore", module=r"ray\.")


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
    """An actor beside the driver: told everything by the others, and asked by them.

    Results go this way and not through Ray Data, which would hand out those of several videos
    together, when the last of them is done.
    """

    def __init__(self, reasons: dict[str, list[str]]) -> None:
        self._tries = Tries(reasons)
        self._done: set[str] = set()
        self._news: list[tuple[Any, ...]] = []

    def look(self, videos: list[str]) -> dict[str, Outcome | None]:
        """Those that are still to do, each with its outcome if too many tries have failed.

        A reader asks once, before it begins. What is under way then was so on a machine, or in an
        actor, that was lost.
        """
        return {video: self._tries.look(video) for video in videos if video not in self._done}

    def tell(self, news: list[tuple[Any, ...]]) -> None:
        for what, *values in news:
            if what == "begin":
                self._tries.begin(values[0])
            elif what == "done":
                self._tries.end(values[0].video)
                self._done.add(values[0].video)
        self._news += news

    def broke(self, video: str, reason: str) -> Outcome | None:
        self._news.append(("broke", video, reason))
        return self._tries.broke(video, reason)

    def news(self) -> list[tuple[Any, ...]]:
        """What was told since the last time: names of methods of a `Ledger`, and arguments."""
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
        model = replace(job.model, path=self._model(job.model.path, file))
        job = replace(job, model=model)
        self._processes = Processes(job, 1, patience=patience)
        self._clerk = clerk
        self._given_up: dict[str, Outcome | None] = {}
        self._news: list[tuple[Any, ...]] = []

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
        """Classify the videos of a row."""
        import ray

        self._given_up = ray.get(self._clerk.look.remote(pickle.loads(row["videos"])))
        self._processes.run(self._given_up, self)
        # Waits, so that nothing is lost when Ray ends the actor.
        ray.get(self._send())
        return {"videos": len(self._given_up)}

    def begin(self, video: str) -> Outcome | None:
        given_up = self._given_up[video]
        if given_up is None:
            self._news.append(("begin", video))
            self._send()
        return given_up

    def broke(self, video: str, reason: str) -> Outcome | None:
        import ray

        self._send()
        given_up: Outcome | None = ray.get(self._clerk.broke.remote(video, reason))
        return given_up

    def reached(self, video: str, seconds: float, length: float | None) -> None:
        self._news.append(("reached", video, seconds, length))
        self._send()

    def done(self, outcome: Outcome) -> None:
        # Sent with the beginning of the next, which comes at once.
        self._news.append(("done", outcome))

    def _send(self) -> Any:  # noqa: ANN401 (a reference of Ray)
        news, self._news = self._news, []
        return self._clerk.tell.remote(news)
