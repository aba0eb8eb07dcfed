"""One step of one model, whoever steps it and whatever happens between two steps."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit import child
from kit.opening import write
from kit.tiny_model import (
    BUFFER,
    COUNT,
    HEIGHT,
    LAYER_SUM,
    SUM,
    TINY,
    VARIANTS,
    WIDTH,
    frames,
    images,
)
from movinet.errors import ModelError, UsageError
from movinet.models import read_info
from movinet.runtime import TimedModel, open_model


def assert_same_state(state, expected, model):
    """To the bit, but for the states that only pass through, which nobody carries."""
    for pair in model.info.live_states:
        array = state.get(pair.name)
        assert array.dtype == pair.dtype
        np.testing.assert_array_equal(array, expected[pair.name], err_msg=pair.name)


def alone(model, pictures):
    """The logits of a stream that has the model to itself."""
    state, answers = model.initial_state(), []
    for picture in pictures:
        logits, state = model.step(picture, state)
        answers.append(logits)
    return answers


# -- what a step computes -----------------------------------------------------


@pytest.mark.parametrize("tiny", VARIANTS.values(), ids=VARIANTS)
def test_a_step_is_what_numpy_makes_of_it(tiny, opened):
    model = opened(tiny)
    state, expected = model.initial_state(), tiny.initial()
    assert_same_state(state, expected, model)
    for image in images(40):
        logits, state = model.step(image, state)
        wanted, expected = tiny.step(image, expected)
        assert logits.shape == (tiny.classes,)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, wanted, rtol=1e-5, atol=1e-4)
        assert_same_state(state, expected, model)


def test_the_answers_are_not_all_the_same(opened):
    """The comparison above could not fail if images and states did not matter."""
    one, two = images(2)
    model = opened(TINY)
    first, second = alone(model, [one, two]), alone(model, [two, two])
    assert not np.allclose(first[0], second[0], atol=0.01)
    assert not np.allclose(first[1], second[1], atol=0.01)


@pytest.mark.parametrize("weights", ["dynamic", "int8"])
def test_quantised_weights_run(weights, tmp_path):
    model = open_model(replace(TINY, weights=weights).write(tmp_path / "tiny.tflite"))
    for logits, wanted in zip(alone(model, images(20)), TINY.run(images(20)), strict=True):
        np.testing.assert_allclose(logits, wanted, atol=0.25)


def test_the_logits_are_the_callers(opened):
    model = opened(TINY)
    one, two = images(2)
    logits, state = model.step(one, model.initial_state())
    kept = logits.copy()
    model.step(two, state)
    np.testing.assert_array_equal(logits, kept)
    logits[:] = 7  # and writing on them changes nothing
    np.testing.assert_array_equal(alone(model, [one])[0], kept)


def test_the_image_is_left_alone(opened):
    image = images(1)[0]
    kept = image.copy()
    alone(opened(TINY), [image, image])
    np.testing.assert_array_equal(image, kept)


@pytest.mark.parametrize("span", [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)])
def test_whole_grey_levels_are_brought_to_the_range_of_the_model(span, tmp_path):
    path = TINY.write(tmp_path / "tiny.tflite")
    model = open_model(path, info=replace(read_info(path), value_range=span))
    low, high = span
    for grey in frames(3):
        scaled = (low + grey.astype(np.float64) / 255 * (high - low)).astype(np.float32)
        given, wanted = alone(model, [grey])[0], alone(model, [scaled])[0]
        np.testing.assert_allclose(given, wanted, rtol=1e-5, atol=1e-5)


# -- many streams on one model ------------------------------------------------

OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["step", "step", "step", "copy", "save", "move", "look", "write", "fill"]),
        st.integers(0, 2),
        st.integers(0, 2),
    ),
    max_size=40,
)


@pytest.mark.parametrize("name", ["official", "squeeze-excite", "delayed before", "delayed behind"])
@settings(max_examples=60)
@given(operations=OPERATIONS, seed=st.integers(0, 1000))
def test_streams_do_not_touch_each_other(name, opened, opened_again, operations, seed):
    """Three streams step in any order; between that they are copied, saved, moved, read and
    written.
    """
    tiny = VARIANTS[name]
    loads = [opened(tiny), opened_again(tiny)]
    homes = [0, 0, 1]
    states = [loads[home].initial_state() for home in homes]
    expected = [tiny.initial() for _ in range(3)]
    for (what, one, other), image in zip(operations, images(len(operations), seed), strict=True):
        model = loads[homes[one]]
        if what == "step":
            logits, states[one] = model.step(image, states[one])
            wanted, expected[one] = tiny.step(image, expected[one])
            np.testing.assert_allclose(logits, wanted, rtol=1e-5, atol=1e-4)
        elif what == "copy":
            states[other] = states[one].copy()
            expected[other], homes[other] = expected[one], homes[one]
        elif what == "save":
            states[one] = model.state_from_bytes(states[one].to_bytes())
        elif what == "move":
            homes[one] = 1 - homes[one]
            states[one] = states[one].moved(loads[homes[one]])
        elif what == "look":
            assert_same_state(states[one], expected[one], model)
        elif what == "write":
            values = np.arange(3, dtype=np.float32) + other
            states[one].write([SUM], values)
            expected[one] = {**expected[one], SUM: values.reshape(1, 1, 1, 1, 3)}
        elif what == "fill":
            states[one].fill([COUNT], 4 + other)
            expected[one] = {**expected[one], COUNT: np.array([4 + other], np.int32)}
    for state, wanted in zip(states, expected, strict=True):
        assert_same_state(state, wanted, loads[0])


@settings(max_examples=60)
@given(order=st.lists(st.booleans(), max_size=40), seed=st.integers(0, 1000))
def test_interleaved_streams_answer_as_alone(opened, order, seed):
    model = opened(TINY)
    pictures = {turn: images(40, seed + turn) for turn in (False, True)}
    answers = {False: [], True: []}
    states = {turn: model.initial_state() for turn in (False, True)}
    for turn in order:
        image = pictures[turn][len(answers[turn])]
        logits, states[turn] = model.step(image, states[turn])
        answers[turn].append(logits)
    for turn, given_ in answers.items():
        wanted = alone(model, pictures[turn][: len(given_)])
        np.testing.assert_array_equal(np.array(given_), np.array(wanted))


@pytest.mark.parametrize("name", ["official", "delayed before"])
def test_threads_may_share_a_model(name, opened):
    model = opened(VARIANTS[name])
    pictures = [images(150, seed) for seed in range(4)]
    wanted = [alone(model, own) for own in pictures]
    answers: list = [None] * 4
    barrier = threading.Barrier(4)

    def work(number):
        barrier.wait()
        answers[number] = alone(model, pictures[number])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    np.testing.assert_array_equal(np.array(answers), np.array(wanted))


# -- a state as a value -------------------------------------------------------


def stepped(model, pictures):
    state = model.initial_state()
    for picture in pictures:
        _, state = model.step(picture, state)
    return state


def test_a_copy_lasts(opened):
    model = opened(TINY)
    original = stepped(model, images(5))
    copy = original.copy()
    kept = copy.to_bytes()
    _, original = model.step(images(6)[5], original)
    original.fill([COUNT], 99)
    assert copy.to_bytes() == kept
    logits, _ = model.step(images(6)[5], copy)
    np.testing.assert_array_equal(logits, alone(model, images(6))[5])


def test_a_copy_is_no_window_on_its_original(opened):
    model = opened(TINY)
    original = stepped(model, images(5))
    kept = original.to_bytes()
    copy = original.copy()
    copy.fill([COUNT], 99)
    model.step(images(1)[0], copy)
    assert original.to_bytes() == kept


def test_a_state_moves_to_no_other_file(opened):
    state = opened(TINY).initial_state()
    with pytest.raises(UsageError, match="only to another load of the same file"):
        state.moved(opened(VARIANTS["delayed behind"]))


def test_what_get_gives_is_a_copy(opened):
    model = opened(TINY)
    for state in (model.initial_state(), stepped(model, images(2))):
        kept = state.to_bytes()
        state.get(SUM)[:] = 7
        assert state.to_bytes() == kept


@pytest.mark.parametrize("steps", [0, 3])
def test_read_and_write_go_through_states_in_the_order_asked_for(steps, opened):
    model = opened(VARIANTS["squeeze-excite"])
    state = stepped(model, images(steps))
    values = np.arange(6, dtype=np.float32)
    state.write([SUM, LAYER_SUM], values)
    np.testing.assert_array_equal(state.get(SUM), np.float32([0, 1, 2]).reshape(1, 1, 1, 1, 3))
    np.testing.assert_array_equal(state.get(LAYER_SUM).reshape(-1), [3, 4, 5])
    out = np.empty(6, np.float32)
    state.read([LAYER_SUM, SUM], out)
    np.testing.assert_array_equal(out, [3, 4, 5, 0, 1, 2])


@pytest.mark.parametrize("steps", [0, 3])
def test_a_state_of_no_such_name(steps, opened):
    state = stepped(opened(TINY), images(steps))
    with pytest.raises(KeyError):
        state.get("state_of_mind")


def test_the_bytes_are_the_live_states_in_their_order(opened):
    model = opened(TINY)
    state = stepped(model, images(3))
    parts = [state.get(pair.name).tobytes() for pair in model.info.live_states]
    assert state.to_bytes() == b"".join(parts)
    assert len(state.to_bytes()) == model.info.state_bytes


_GO_ON = """
import sys
import movinet
from kit.tiny_model import images

model = movinet.open_model(sys.argv[1], backend=sys.argv[2])
state = model.state_from_bytes(bytes.fromhex(sys.argv[3]))
for image in images(25)[20:]:
    logits, state = model.step(image, state)
    print(logits.tobytes().hex())
"""


def test_a_saved_state_goes_on_in_another_process(engine, opened, tmp_path):
    model = opened(TINY)
    backend, kind = engine
    saved = stepped(model, images(20)).to_bytes()
    done = child.python(_GO_ON, write(TINY, tmp_path, kind), backend, saved.hex())
    wanted = [logits.tobytes().hex() for logits in alone(model, images(25))[20:]]
    assert done.stdout.decode().split() == wanted


@pytest.mark.parametrize("excess", [-1, 1, 1000])
def test_bytes_that_are_no_state(excess, opened):
    model = opened(TINY)
    data = bytes(model.info.state_bytes + excess)
    with pytest.raises(UsageError, match=f"{len(data)} bytes are no state of .*, which has"):
        model.state_from_bytes(data)


# -- a beginning that is not zero ---------------------------------------------


def test_a_stream_begins_with_the_zero_of_each_state(tmp_path):
    path = TINY.write(tmp_path / "tiny.tflite")
    info = read_info(path)
    zeros = {SUM: 0.5, BUFFER: -1.0, COUNT: 2.0}
    states = tuple(replace(pair, zero=zeros.get(pair.name, 0.0)) for pair in info.states)
    model = open_model(path, info=replace(info, states=states))
    expected = {
        name: np.full_like(array, zeros.get(name, 0)) for name, array in TINY.initial().items()
    }
    assert_same_state(model.initial_state(), expected, model)
    image = images(1)[0]
    logits, state = model.step(image, model.initial_state())
    wanted, expected = TINY.step(image, expected)
    np.testing.assert_allclose(logits, wanted, rtol=1e-5, atol=1e-5)
    assert_same_state(state, expected, model)


def test_a_state_that_passes_through_keeps_its_zero(tmp_path):
    """Nobody carries it, so it is set once."""
    tiny = replace(TINY, passed_on=True)
    path = tiny.write(tmp_path / "tiny.tflite")
    info = read_info(path)
    states = tuple(
        replace(pair, zero=0.25) if pair.name == LAYER_SUM else pair for pair in info.states
    )
    model = open_model(path, info=replace(info, states=states))
    expected = tiny.initial() | {LAYER_SUM: np.full((1, 1, 1, 1, 3), 0.25, np.float32)}
    for image, logits in zip(images(4), alone(model, images(4)), strict=True):
        wanted, expected = tiny.step(image, expected)
        np.testing.assert_allclose(logits, wanted, rtol=1e-5, atol=1e-5)


# -- the pooled feature -------------------------------------------------------


def test_the_embedding_is_the_mean_of_the_features(opened):
    model = opened(TINY)
    state = model.initial_state()
    np.testing.assert_array_equal(model.embedding(state), [0, 0, 0])
    features = []
    for image in images(7):
        _, state = model.step(image, state)
        features.append(TINY.feature(image))
        embedding = model.embedding(state)
        assert (embedding.dtype, embedding.shape) == (np.float32, (3,))
        np.testing.assert_allclose(embedding, np.mean(features, 0), rtol=1e-6)


def test_an_output_called_embedding_goes_first(opened):
    """The tiny model gives twice the mean there, so that the two can be told apart."""
    tiny = VARIANTS["embedding"]
    model = opened(tiny)
    state, other = model.initial_state(), model.initial_state()
    with pytest.raises(UsageError, match="no embedding before the first step"):
        model.embedding(state)
    _, state = model.step(images(1)[0], state)
    _, other = model.step(images(2)[1], other)
    copy = state.copy()
    for mine, image in [(state, images(1)[0]), (other, images(2)[1]), (copy, images(1)[0])]:
        np.testing.assert_allclose(model.embedding(mine), 2 * tiny.feature(image), rtol=1e-6)


def test_each_stream_has_its_own_embedding(opened):
    model = opened(TINY)
    one, two = stepped(model, images(1)), stepped(model, images(2)[1:])
    np.testing.assert_allclose(model.embedding(one), TINY.feature(images(1)[0]), rtol=1e-6)
    np.testing.assert_allclose(model.embedding(two), TINY.feature(images(2)[1]), rtol=1e-6)


def test_a_model_without_a_pooled_head_gives_none(tmp_path):
    path = TINY.write(tmp_path / "tiny.tflite")
    info = read_info(path)
    states = tuple(replace(pair, name=pair.name.replace("_pool", "")) for pair in info.states)
    model = open_model(path, info=replace(info, states=states))
    with pytest.raises(ModelError, match="tiny gives no embedding: it has no pooled head state"):
        model.embedding(model.initial_state())


# -- what is refused ----------------------------------------------------------


@pytest.mark.parametrize(
    "shape", [(WIDTH, HEIGHT, 3), (HEIGHT, WIDTH), (1, HEIGHT, WIDTH, 3), (HEIGHT, WIDTH, 4)]
)
def test_an_image_of_another_shape(shape, opened):
    model = opened(TINY)
    state = stepped(model, images(3))
    with pytest.raises(UsageError) as caught:
        model.step(np.zeros(shape, np.float32), state)
    assert str(caught.value).startswith(f"the image is {list(shape)} but tiny")
    assert "takes [8, 4, 3] (height, width, RGB)" in str(caught.value)
    # The stream goes on as if nothing had been.
    logits, _ = model.step(images(4)[3], state)
    np.testing.assert_array_equal(logits, alone(model, images(4))[3])


def test_a_state_of_another_model(opened, tmp_path):
    model, other = opened(TINY), open_model(TINY.write(tmp_path / "tiny.tflite"))
    for state in (other.initial_state(), None, {}):
        with pytest.raises(UsageError, match="the state belongs to another model; begin with"):
            model.step(images(1)[0], state)


def test_an_unknown_backend():
    with pytest.raises(UsageError, match=r"^unknown backend 'abacus': use litert, onnx"):
        open_model("any.tflite", backend="abacus")


@pytest.mark.parametrize("threads", [0, -1, 100_000])
def test_threads_that_no_engine_takes(threads):
    with pytest.raises(UsageError, match=f"^threads must be from 1 to 256, not {threads}"):
        open_model("any.tflite", threads=threads)


def test_more_threads_change_nothing(tmp_path, engine, opened):
    backend, kind = engine
    model = open_model(write(TINY, tmp_path, kind), backend=backend, threads=3)
    np.testing.assert_array_equal(alone(model, images(5)), alone(opened(TINY), images(5)))


def test_a_path_may_be_text(tmp_path):
    assert open_model(str(TINY.write(tmp_path / "tiny.tflite"))).info.name == "tiny"


def test_a_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"^cannot read .*none\.tflite: No such file"):
        open_model(tmp_path / "none.tflite")


def test_a_file_that_litert_refuses(tmp_path):
    """Its tables can be read, but what they point to has been cut off."""
    path = TINY.write(tmp_path / "tiny.tflite")
    info = read_info(path)
    path.write_bytes(TINY.data[:-400])
    with pytest.raises(
        ModelError, match=r"^cannot use .*tiny\.tflite: LiteRT refuses it"
    ) as caught:
        open_model(path, info=info)
    assert "\n" not in str(caught.value)


def test_a_contract_of_another_file(tmp_path):
    path = TINY.write(tmp_path / "tiny.tflite")
    info = read_info(VARIANTS["delayed before"].write(tmp_path / "other.tflite"))
    with pytest.raises(ModelError, match=r"^cannot use .*tiny\.tflite: it has no 'state_block0"):
        open_model(path, info=info)


@pytest.mark.parametrize("name", ["official", "squeeze-excite", "embedding"])
def test_a_timed_step_is_a_step(opened, name):
    """The same logits and states, steps of both kinds and of two streams in turns."""
    tiny = VARIANTS[name]
    model = opened(tiny)
    assert isinstance(model, TimedModel)
    state, other, plain = model.initial_state(), model.initial_state(), tiny.initial()
    for number, image in enumerate(images(12)):
        expected, plain = tiny.step(image, plain)
        if number % 3:
            logits, state, times = model.timed_step(image, state)
            assert all(part > 0 for part in times)
        else:
            logits, state = model.step(image, state)
        np.testing.assert_allclose(logits, expected, rtol=1e-5)
        _, other, _ = model.timed_step(1 - image, other)
    assert_same_state(state, plain, model)
    with pytest.raises(UsageError, match="belongs to another model"):
        opened(replace(TINY, classes=2)).timed_step(images(1)[0], state)
    with pytest.raises(UsageError, match="the image is"):
        model.timed_step(images(1)[0][:4], state)
