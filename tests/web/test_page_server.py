"""The page that `movinet serve` serves, with the model here and there."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from kit.film import film
from kit.page import needs_page, run, write_y4m

pytest.importorskip("movinet.web.application")

pytestmark = needs_page


@pytest.fixture
def address():
    """Of a server with the starter model."""
    command = [sys.executable, "-c", "from movinet.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        found = re.search(r"http://\S+", process.stdout.readline())
        try:
            yield found[0]
        finally:
            process.terminate()


def test_here_and_there_give_the_same(address, tmp_path):
    video = tmp_path / "film.mp4"
    film(video, ["jumping jacks"], seed=3, action=3, between=0.8)
    camera = write_y4m(video, tmp_path / "camera.y4m")
    out = run("there", address=address, video=video, camera=camera)
    assert out["problems"] == []
    here, there = out["results"]["here"], out["results"]["there"]
    assert here["status"] == there["status"] == "finished"
    assert [one["time"] for one in here["answers"]] == [one["time"] for one in there["answers"]]
    assert "jumping jacks" in here["list"]
    assert "jumping jacks" in there["list"]
    same = [
        one["top"][0]["index"] == other["top"][0]["index"]
        for one, other in zip(here["answers"], there["answers"], strict=True)
    ]
    # A JPEG is not quite the picture.
    assert sum(same) >= 0.8 * len(same)
    # A reset begins the stream anew.
    indices = out["indices"]
    assert indices.count(0) >= 2
    assert indices[-1] < 40
