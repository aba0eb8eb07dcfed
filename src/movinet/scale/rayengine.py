"""`RayEngine`: videos on a Ray cluster, with Ray Data and a pool of actors.

Ray starts an actor a job, on whatever machine has a core free, and gives each one task, which
lasts until all is done: it asks a clerk, an actor beside this process, for some videos at a time.
They are read by a process of its own, as `Processes` does here, so that a video that crashes its
reader takes no actor along. Results come back to this process, which alone writes.
"""

from __future__ import annotations

import logging
import os
import queue
import re
import signal
import socket
import tempfile
import threading
import time
import warnings
from collections import deque
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
# Videos that an actor is given at once: it waits for its answer each time.
_MOST_AT_ONCE = 16
# Seconds between two looks at what the actors have told, and between two words on how far an actor
# is. Each costs some milliseconds of processor time.
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
            UsageError: the address is that of Ray's client, or none.
        """
        if address is not None and address.startswith("ray://"):
            raise UsageError(
                f"{address} is for Ray's client, which Ray Data does not work over: run this on a "
                "machine of the cluster, with --address auto"
            )
        if address not in (None, "auto") and _place(address) is None:
            raise UsageError(
                f"{address} is no address of a Ray cluster: give auto, or HOST:PORT of its head"
            )
        _quiet(alone=address is None)
        try:
            import ray.data  # noqa: F401
        except ImportError as error:
            raise MissingExtraError("--engine ray", "ray") from error
        self._job, self._jobs, self._address, self._patience = job, jobs, address, patience
        self._actors = 0
        self._stack = ExitStack()

    @property
    def workers(self) -> str:
        """What does the work, for people."""
        return "1 actor of Ray" if self._actors == 1 else f"{self._actors} actors of Ray"

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
            self._actors = min(self._jobs or 1, len(videos))
            clerk = _start_clerk(videos, ledger.reasons(), self._actors)
            self._work(self._actors, file, clerk, ledger)
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

    def _work(
        self,
        actors: int,
        file: Any,  # noqa: ANN401 (a reference of Ray)
        clerk: Any,  # noqa: ANN401 (an actor has no type)
        ledger: Ledger,
    ) -> None:
        """Ray's results come in a thread, so that what begins meanwhile is known as it begins."""
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        # A task of ours lasts, and sees itself to it that none of its videos does for ever.
        context.execution_no_progress_timeout_s = -1
        # What memory an actor takes nobody asks.
        context.memory_usage_poll_interval_s = None
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        reader: Any = _Reader  # Ray makes one of it in each actor, and calls that
        tasks = [{"task": number} for number in range(actors)]
        data = ray.data.from_items(tasks, override_num_blocks=actors).map(
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


# Of a cluster that is there for this run only nobody asks what it did. Without that its head takes
# half as much of a core: 4 ms a second, not 8.
_UNWATCHED = (("RAY_enable_metrics_collection", "0"), ("RAY_task_events_report_interval_ms", "0"))


def _quiet(*, alone: bool) -> None:
    """Settings of Ray that must stand before it is imported; what people have set stays.

    `alone`: the cluster is on this machine, for this run.
    """
    for name, value in (
        *(_UNWATCHED if alone else ()),
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


def _place(address: str) -> tuple[str, int] | None:
    """Host and port; None where it has none."""
    host, _, port = address.rpartition(":")
    if not host or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        return None
    return host.rpartition("/")[2].strip("[]"), int(port)


def _knock(address: str) -> None:
    """Ray would wait for minutes for a cluster that is not there."""
    place = _place(address)
    if place is None:  # "auto"
        return
    try:
        socket.create_connection(place, 10).close()
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


def _start_clerk(videos: Sequence[str], reasons: dict[str, list[str]], actors: int) -> Any:  # noqa: ANN401 (an actor has no type)
    """On the machine of this process, which is lost only when all is."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    clerk = ray.remote(_Clerk).options(num_cpus=0, scheduling_strategy=here)
    return clerk.remote(videos, reasons, actors)


class _Clerk:
    """An actor beside the driver: hands the videos out, and is told everything by the others.

    Ray Data would take 20 ms of processor time to hand some out, and give their results together,
    when the last of them is done.
    """

    def __init__(
        self, videos: Sequence[str], reasons: dict[str, list[str]], actors: int = 1
    ) -> None:
        self._todo = deque(videos)
        self._actors = actors
        self._tries = Tries(reasons)
        # Task -> what it was given last.
        self._given: dict[int, dict[str, None]] = {}
        self._done: set[str] = set()
        self._news: list[tuple[Any, ...]] = []

    def take(self, task: int, news: list[tuple[Any, ...]]) -> dict[str, Outcome | None]:
        """The next videos of a task, each with its outcome if too many tries have failed.

        A task that asks for more while some are not done was on a machine, or in an actor, that was
        lost: it gets those again, and of what was under way then a try has failed. They are fewer
        and fewer, so that all tasks end together; none: all is handed out.
        """
        self.tell(news)
        given = self._given.get(task, {})
        for video in self._done.intersection(given):
            del given[video]
            self._done.discard(video)
        if not given:
            size = max(1, min(_MOST_AT_ONCE, len(self._todo) // (4 * self._actors)))
            size = min(size, len(self._todo))
            given = self._given[task] = dict.fromkeys(self._todo.popleft() for _ in range(size))
        return {video: self._tries.look(video) for video in given}

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
        # What nobody waits for, and nobody looks at.
        self._tell = clerk.tell.options(num_returns=0, enable_task_events=False)
        self._sent = 0.0
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
        """Classify videos until there are no more; `row` is a task."""
        import ray

        count = 0
        while True:
            # With what is new of those before: waited for, nothing is lost as Ray ends the actor.
            news, self._news = self._news, []
            self._given_up = ray.get(self._clerk.take.remote(row["task"], news))
            if not self._given_up:
                return {"videos": count}
            self._processes.run(self._given_up, self)
            count += len(self._given_up)

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
        if time.monotonic() - self._sent >= _SECONDS_BETWEEN:
            self._send()

    def done(self, outcome: Outcome) -> None:
        # Sent with the beginning of the next, which comes at once.
        self._news.append(("done", outcome))

    def _send(self) -> None:
        news, self._news = self._news, []
        self._sent = time.monotonic()
        self._tell.remote(news)
