"""The built page in Chromium: models for it, videos for its camera, and its test jobs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from movinet.models import ModelInfo, read_info

PAGE = Path(__file__).resolve().parents[2] / "page"
STATIC = PAGE.parent / "src" / "movinet" / "web" / "static"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def _lacking() -> str | None:
    if shutil.which("node") is None:
        return "Node.js is not installed"
    if not (STATIC / "sw.js").is_file():
        return "the page has not been built: make page"
    if not (PAGE / "node_modules" / "playwright-core").is_dir():
        return "the page's packages are not installed: make page"
    if not Path(CHROMIUM).is_file():
        return "Chromium is not installed"
    return None


# `make test` installs and builds all of it.
needs_page = [
    pytest.mark.skipif(_lacking() is not None, reason=str(_lacking())),
    pytest.mark.timeout(300),
]


@dataclass(frozen=True)
class Model:
    """A model for the page; `info` where the file does not say enough."""

    name: str
    path: Path
    info: ModelInfo | None = None


def write_site(folder: Path, models: Iterable[Model]) -> Path:
    """What a server has beside the page: models.json and the models."""
    (folder / "models").mkdir(parents=True, exist_ok=True)
    entries = []
    for model in models:
        file = Path("models") / f"{model.name}.tflite"
        shutil.copyfile(model.path, folder / file)
        entries.append(
            {
                "name": model.name,
                "file": file.as_posix(),
                "bytes": model.path.stat().st_size,
                "contract": (model.info or read_info(model.path)).to_dict(),
                "contains": None,
                "drawn": model.name == "starter",
            }
        )
    text = json.dumps({"models": entries, "server": False})
    (folder / "models.json").write_text(text)
    return folder


def run(name: str, timeout: float = 240, **job: Any) -> Any:
    """Run `page/tests/NAME.mjs` on a job and give what came out."""
    command = ["node", str(PAGE / "tests" / f"{name}.mjs")]
    text = json.dumps(job, default=str)
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def write_y4m(
    video: Path, path: Path, *, size: tuple[int, int] = (320, 240), fps: int = 30
) -> Path:
    """The pictures of a video as Chromium's camera wants them."""
    with av.open(str(video)) as container, path.open("wb") as out:
        out.write(f"YUV4MPEG2 W{size[0]} H{size[1]} F30:1 Ip A1:1 C420jpeg\n".encode())
        for frame in container.decode(video=0):
            out.write(b"FRAME\n")
            for plane in frame.reformat(*size, format="yuv420p").planes:
                rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
                out.write(rows[: plane.height, : plane.width].tobytes())
    return path


def read_pictures(video: Path) -> list[np.ndarray]:
    """Every picture of a video, RGB."""
    with av.open(str(video)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def write_rgba(pictures: list[np.ndarray], path: Path) -> Path:
    """Pictures as a canvas has them, one behind the other."""
    solid = np.full((*pictures[0].shape[:2], 1), 255, np.uint8)
    path.write_bytes(b"".join(np.concatenate([one, solid], -1).tobytes() for one in pictures))
    return path
