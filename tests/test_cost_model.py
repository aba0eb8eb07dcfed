"""The plan of `docs/scale.md`: what its formulas hold, and that the page says what they say."""

import importlib.util
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[1]
SPEC = importlib.util.spec_from_file_location("cost_model", ROOT / "scripts" / "cost_model.py")
model = importlib.util.module_from_spec(SPEC)
sys.modules["cost_model"] = model  # dataclasses look there for their module
SPEC.loader.exec_module(model)

COSTS = model.XEON
SOURCES = st.builds(
    model.Source,
    width=st.integers(16, 4096),
    height=st.integers(16, 4096),
    fps=st.floats(0.5, 60),
    megabits=st.floats(0.01, 50),
    decoded=st.floats(0.1, 1),
)
BOTH = st.booleans()
PLENTY = model.Machine(cores=10**9)  # so that one is enough, and nothing is rounded up


def test_the_constants_are_of_this_world():
    for field in fields(model.Costs):
        assert getattr(COSTS, field.name) >= 0, field.name
    assert COSTS.decode_pixel + COSTS.decode_byte > 0
    assert 1e-4 < COSTS.step < 1e-1


@given(SOURCES, BOTH)
def test_a_load_is_the_sum_of_its_parts(source, live):
    load = model.load(COSTS, source, live=live)
    parts = [getattr(load, field.name) for field in fields(load)]
    assert min(parts) >= 0
    assert load.total == pytest.approx(sum(parts))
    assert load.without("decode", "step") == pytest.approx(load.total - load.decode - load.step)


@given(SOURCES, BOTH)
def test_more_pixels_more_bits_and_more_frames_cost_more(source, live):
    def total(**changes):
        return model.load(COSTS, replace(source, **changes), live=live).total

    now = total()
    assert total(width=source.width + 16) > now
    assert total(megabits=source.megabits * 1.1) > now
    assert total(fps=source.fps * 1.1, megabits=source.megabits * 1.1) > now


@given(SOURCES)
def test_frames_beyond_the_models_rate_cost_no_steps(source):
    twice = replace(source, fps=model.MODEL_FPS * 2)
    thrice = replace(source, fps=model.MODEL_FPS * 3)
    a, b = (model.load(COSTS, one, live=True) for one in (twice, thrice))
    assert (a.step, a.convert, a.answer) == (b.step, b.convert, b.answer)
    slow = model.load(COSTS, replace(source, fps=1), live=True)
    assert slow.step == pytest.approx(COSTS.step)


@given(SOURCES, st.integers(1, 10_000))
def test_cameras_add_up(source, count):
    one, many = (model.cameras(COSTS, source, number, PLENTY) for number in (1, count))
    for name in ("cores", "bits_in", "bits_out"):
        assert getattr(many, name) == pytest.approx(getattr(one, name) * count)
    assert many.cores == pytest.approx(model.load(COSTS, source, live=True).total * count)


@given(SOURCES, st.integers(1, 1000), st.integers(1, 64))
def test_memory_is_of_processes_and_of_cameras(source, count, processes):
    def memory(cameras, of):
        return model.memory(COSTS, source, cameras, of)

    further = memory(1, 1) - memory(0, 1)
    assert further > COSTS.stream_bytes
    expected = processes * COSTS.process_bytes + count * further
    assert memory(count, processes) == pytest.approx(expected)


@given(SOURCES, st.integers(1, 5000))
def test_there_are_machines_enough(source, count):
    machine = model.Machine()
    plan = model.cameras(COSTS, source, count, machine)
    assert plan.cores <= plan.machines * machine.cores * machine.used
    assert plan.cores > (plan.machines - 1) * machine.cores * machine.used


@given(SOURCES, st.floats(1, 1e8), st.integers(1, 1000))
def test_hours_add_up_and_machines_share_them(source, hours, machines):
    one = model.archive(COSTS, source, hours, 1)
    many = model.archive(COSTS, source, hours, machines)
    twice = model.archive(COSTS, source, 2 * hours, machines)
    assert many.core_hours == one.core_hours
    assert many.days * machines == pytest.approx(one.days)
    assert many.bits_in == pytest.approx(one.bits_in * machines)
    assert twice.core_hours == pytest.approx(2 * many.core_hours)
    assert twice.size == pytest.approx(2 * many.size)
    assert twice.bits_in == pytest.approx(many.bits_in)


@given(SOURCES)
def test_frames_that_are_not_decoded_cost_no_decoding(source):
    whole = model.load(COSTS, replace(source, decoded=1.0), live=False)
    load = model.load(COSTS, source, live=False)
    assert load.decode == pytest.approx(whole.decode * source.decoded)
    assert load.without("decode") == pytest.approx(whole.without("decode"))


def test_key_frames_are_few_and_large():
    source = model.Source(1280, 720, 30, 2)
    keys = model.key_frames(source, seconds=2, larger=5)
    assert keys.fps == 0.5
    assert keys.frame_bytes == pytest.approx(5 * source.frame_bytes)
    plan = model.archive(COSTS, keys, 1000, 1, stored=source)
    assert plan.size == model.archive(COSTS, source, 1000, 1).size
    assert plan.core_hours < model.archive(COSTS, source, 1000, 1).core_hours


@pytest.mark.parametrize("show", [model.constants_table, *model.TABLES])
def test_the_page_says_what_the_formulas_say(show):
    page = (ROOT / "docs" / "scale.md").read_text("utf-8")
    wanted = show(COSTS)
    assert wanted in page, "run: python scripts/cost_model.py --page docs/scale.md"


def test_the_page_is_brought_up_to_date(tmp_path, capsys, monkeypatch):
    page = tmp_path / "scale.md"
    page.write_text((ROOT / "docs" / "scale.md").read_text("utf-8"), "utf-8")
    text = page.read_text("utf-8")
    old = replace(COSTS, step=2 * COSTS.step)
    page.write_text(model.updated(text, old), "utf-8")
    assert page.read_text("utf-8") != text
    monkeypatch.setattr(sys, "argv", ["cost_model.py", "--page", str(page)])
    model.main()
    assert page.read_text("utf-8") == text


def test_without_options_it_prints_the_plans(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["cost_model.py"])
    model.main()
    printed = capsys.readouterr().out
    assert all(show(COSTS) in printed for show in model.TABLES)
