"""`movinet classify`: which actions do these videos show?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Literal

import click

from movinet.cli.archiveoptions import archive_options, chosen_archive
from movinet.cli.downloadbar import DownloadBar
from movinet.cli.eventoptions import chosen_events, event_options, say_delay
from movinet.cli.inputs import find_inputs
from movinet.cli.looks import Looks
from movinet.cli.options import (
    Number,
    backend_option,
    horizon_option,
    labels_option,
    model_option,
    model_or_starter,
    threads_option,
)
from movinet.cli.program import loaded
from movinet.cli.progress import Progress
from movinet.cli.results import check_results, main_sink
from movinet.cli.stopping import stopped_in_order
from movinet.cli.targets import check_targets
from movinet.cli.telling import say, warn
from movinet.errors import SourceError, UsageError
from movinet.outputs.beside import check_place
from movinet.outputs.showing import Showing, warnings_of
from movinet.stream import Classifier, find

if TYPE_CHECKING:
    from movinet.models import ModelInfo
    from movinet.outputs.sink import Sink
    from movinet.outputs.track import Track


@click.command()
@click.argument("inputs", nargs=-1, metavar="INPUT...")
@click.option("--list", "list_file", metavar="FILE", help="Videos, one a line; - for stdin.")
@model_option
@labels_option
@click.option(
    "--top", default=5, show_default=True, type=click.IntRange(1), help="Classes to show."
)
@click.option(
    "--threshold", default=0.0, type=Number(0, 1), help="Leave out lower scores (0 to 1)."
)
@click.option("--allow", multiple=True, metavar="LABEL", help="Only this label (may be repeated).")
@click.option("--deny", multiple=True, metavar="LABEL", help="Not this label (may be repeated).")
@click.option("--per-frame", is_flag=True, help="Also a line for each prediction.")
@click.option("--json", "as_json", is_flag=True, help="JSON Lines instead of a table.")
@click.option(
    "--out", metavar="FILE", help="Write results to FILE: .csv, .parquet, else JSON Lines."
)
@click.option("--embeddings", metavar="FILE.npy", help="Write the pooled features, a row a video.")
@click.option("--start", type=Number(), metavar="SECONDS", help="Begin here.")
@click.option("--end", type=Number(), metavar="SECONDS", help="Stop here.")
@click.option("--fps", type=Number(), help="Frames per second for the model (default: as trained).")
@click.option("--source-fps", type=Number(), help="Frames per second of a folder of images.")
@click.option(
    "--crop", type=click.Choice(["stretch", "center"]), help="How to resize (default: model's)."
)
@event_options
@click.option(
    "--subtitles",
    type=click.Choice(["vtt", "srt"]),
    help="Events as subtitles beside each video: NAME.actions.vtt.",
)
@click.option("--plot", metavar="FILE", help="Draw scores and events over time: .html, .svg, .png.")
@click.option("--annotate", metavar="FILE", help="Write the video with what is seen in it: .mp4.")
@click.option("--font", metavar="FILE", help="The letters of --annotate and a .png plot.")
@horizon_option
@threads_option
@backend_option
@archive_options
@stopped_in_order()
def classify(
    inputs: Sequence[str],
    list_file: str | None,
    model: str | None,
    labels: str | None,
    top: int,
    threshold: float,
    allow: Sequence[str],
    deny: Sequence[str],
    per_frame: bool,
    as_json: bool,
    out: str | None,
    embeddings: str | None,
    start: float | None,
    end: float | None,
    fps: float | None,
    source_fps: float | None,
    crop: str | None,
    horizon: int | Literal["model"] | None,
    threads: int,
    backend: str | None,
    subtitles: str | None,
    plot: str | None,
    annotate: str | None,
    font: str | None,
    **given: Any,  # noqa: ANN401 (the options of events and of many videos)
) -> int:
    """Say which actions videos show.

    INPUT is a file, a folder (searched for videos; a folder of images is one video and needs
    --source-fps), a glob, a URL, a camera (camera:0), "-" for standard input or "test:".

    \b
    movinet classify dance.mp4 --model movinet_a0_stream_k600_int8.tflite --labels labels.txt
    movinet classify clips/ --model my.tflite --json > results.jsonl
    movinet classify match.mp4 --events --plot match.html --annotate match_seen.mp4
    movinet classify archive/ --jobs 8 --out results.jsonl
    """
    if not inputs and list_file is None:
        raise click.UsageError("Missing argument 'INPUT...'.")
    check_results(out, per_frame=per_frame, as_json=as_json)
    for target in (out, embeddings, plot, annotate):
        if target is not None:
            check_place(target)
    looks = Looks(subtitles=subtitles, plot=plot, annotate=annotate, font=font)
    archive = chosen_archive(given, looks, out=out, as_json=as_json, embeddings=embeddings)
    events = chosen_events(given, wanted=looks.wanted)
    model = model_or_starter(model)
    with DownloadBar(model) as progress:
        file, options = find(
            model,
            labels=labels,
            fps=fps,
            horizon=horizon,
            resize=crop,
            threads=threads,
            backend=backend,
            embeddings=embeddings is not None and per_frame,
            events=events,
            progress=progress,
        )
    showing = Showing(
        top=top,
        threshold=threshold,
        among=_allowed(file.info, allow, deny),
        per_frame=per_frame,
        source_fps=source_fps,
        start=start,
        end=end,
    )
    videos = find_inputs(inputs, source_fps, list_file)
    check_targets(
        [("--out", out), ("--embeddings", embeddings), *looks.targets(videos)],
        [
            ("the model", file.path),
            ("the list of labels", labels),
            ("the list of videos", list_file),
            ("the font", font),
            *(("the video", video) for video in videos),
        ],
    )
    looks.check(videos)
    if archive is not None:
        from movinet.scale import Job

        job = Job(
            model=file,
            options=options,
            showing=showing,
            embeddings=embeddings is not None,
            subtitles=subtitles,
        )
        archive.check(job, videos)
        return archive.run(job, videos)
    classifier = Classifier(file.open(), options, file=file)
    if events is not None:
        say_delay(file.info, options)
    loaded()
    failed = False
    with ExitStack() as stack:
        # Each is entered as it is made: when the next cannot be, no half of it stays behind.
        main = main_sink(out, as_json, embeddings=embeddings is not None)
        sinks: list[Sink] = [stack.enter_context(main)]
        if embeddings is not None:
            from movinet.outputs.embeddings import Embeddings

            sinks.append(stack.enter_context(Embeddings(embeddings, per_frame=per_frame)))
        if given["on_event"]:
            from movinet.outputs.eventcommand import EventCommand

            sinks.append(stack.enter_context(EventCommand(given["on_event"], say=warn)))
        # No bar where lines on the same terminal show how it goes on.
        bar = Progress(len(videos), hidden=per_frame and sys.stdout.isatty())
        stack.callback(bar.hide)
        for video in videos:
            try:
                _classify(showing, video, classifier, sinks, looks, bar)
            except SourceError as error:
                failed = True
                bar.hide()
                for sink in sinks:
                    sink.error(video, str(error))
                say(f"movinet: error: {error}")
    return 1 if failed else 0


def _classify(
    showing: Showing,
    video: str,
    classifier: Classifier,
    sinks: Sequence[Sink],
    looks: Looks,
    progress: Progress,
) -> None:
    track = looks.track(video, classifier.info)
    progress.begin(video)
    summary = showing.watch(classifier, video, sinks, reached=progress.reach, track=track)
    progress.hide()
    best = showing.best(summary)
    for sink in sinks:
        sink.summary(video, summary, best)
    for text in warnings_of(video, summary):
        warn(text)
    if track is not None:
        _write_looks(looks, video, track)


def _write_looks(looks: Looks, video: str, track: Track) -> None:
    if looks.annotate is None:
        looks.write(video, track, warn, None)
        return
    from movinet.cli.countbar import CountBar

    with CountBar("annotating", "frames") as bar:
        looks.write(video, track, warn, bar)


def _allowed(info: ModelInfo, allow: Sequence[str], deny: Sequence[str]) -> frozenset[int] | None:
    """The classes that may be shown; None: all."""
    if not allow and not deny:
        return None
    names = [info.label(index) for index in range(info.classes)]
    for label in (*allow, *deny):
        if label not in names:
            import difflib

            near = difflib.get_close_matches(label, names, 3)
            hint = f" (did you mean {' or '.join(near)}?)" if near else ""
            raise UsageError(f"{info.name} has no label {label!r}{hint}")
    return frozenset(
        index
        for index, name in enumerate(names)
        if (not allow or name in allow) and name not in deny
    )
