"""`Job`: how videos are to be classified, wherever that happens."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from typing import Any

from movinet.errors import ModelError, SourceError
from movinet.outputs.recorder import Recorder
from movinet.outputs.showing import Reached, Showing, warnings_of
from movinet.scale.outcome import Outcome, lines_of
from movinet.stream import Classifier, ModelFile, StreamOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything that a process elsewhere must know. It can be pickled.

    Attributes:
        model: the model, with the labels to use.
        options: how its streams treat their frames.
        showing: what is watched and shown of each video.
        embeddings: keep the pooled feature of each video.
        subtitles: "vtt" or "srt": events beside each video; None: none.
    """

    model: ModelFile
    options: StreamOptions
    showing: Showing
    embeddings: bool = False
    subtitles: str | None = None

    def load(self) -> Classifier:
        """The classifier.

        Raises:
            ModelError: when the file cannot be used.
            MissingExtraError: when its engine is not installed here.
        """
        return Classifier(self.model.open(), self.options, file=self.model)

    def classify(self, classifier: Classifier, video: str, reached: Reached) -> Outcome:
        """Classify a video, here and now; one that cannot be read has an outcome too.

        Args:
            classifier: what `load` gave.
            video: the video.
            reached: told how far it is.

        Raises:
            OutputError: when subtitles cannot be written.
            ModelError: when a pooled feature is wanted that the model does not give.
        """
        begun = time.process_time()
        recorder = Recorder()
        track = None
        if self.subtitles is not None:
            from movinet.outputs.track import Track

            track = Track(video, self.model.info)
        furthest = 0.0

        def reach(seconds: float, length: float | None) -> None:
            nonlocal furthest
            furthest = seconds
            reached(seconds, length)

        error: str | None = None
        warnings: tuple[str, ...] = ()
        embedding = None
        try:
            summary = self.showing.watch(classifier, video, [recorder], reached=reach, track=track)
        except SourceError as caught:
            error = str(caught)
            recorder.error(video, error)
        else:
            recorder.summary(video, summary, self.showing.best(summary))
            warnings = warnings_of(video, summary)
            if summary.ended_early is None:
                furthest = self.showing.length(summary.duration) or furthest
            if self.embeddings:
                embedding = summary.embedding
                if embedding is None:
                    raise ModelError(
                        f"the model gives no pooled feature for {video}; leave --embeddings out"
                    )
            if track is not None and self.subtitles is not None:
                from movinet.outputs.subtitles import subtitles_of, write_subtitles

                write_subtitles(track, subtitles_of(video, self.subtitles))
        cpu = time.process_time() - begun
        lines = lines_of(recorder.records)
        return Outcome(video, lines, error, warnings, cpu, furthest, embedding)

    def settings(self) -> dict[str, Any]:
        """All that decides what comes out, as JSON values, each under the name people know it by.

        Raises:
            ModelError: when the model file cannot be read.
        """
        try:
            content = hashlib.sha256(self.model.path.read_bytes()).hexdigest()
        except OSError as error:
            raise ModelError(f"cannot read {self.model.path}: {error.strerror}") from error
        info, options, showing = self.model.info, self.options, self.showing
        labels = json.dumps([info.name, info.labels, info.background])
        events = None if options.events is None else asdict(options.events)
        return {
            "model": content,
            "labels": hashlib.sha256(labels.encode()).hexdigest(),
            "backend": self.model.backend,
            "fps": str(options.fps),
            "horizon": options.horizon,
            "crop": options.resize,
            "events": json.loads(json.dumps(events)),
            "top": showing.top,
            "threshold": showing.threshold,
            "allow and deny": None if showing.among is None else sorted(showing.among),
            "per-frame": showing.per_frame,
            "source-fps": showing.source_fps,
            "start": showing.start,
            "end": showing.end,
            "embeddings": self.embeddings,
            "subtitles": self.subtitles,
        }
