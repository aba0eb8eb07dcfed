"""Recipes: data that can be written down and read again."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movinet.errors import UsageError
from movinet.training.recipes import RECIPES, Recipe, Stage, find_recipe


@pytest.mark.parametrize("name", RECIPES)
def test_what_a_run_notes_can_be_read_again(name, tmp_path):
    file = tmp_path / "recipe.json"
    file.write_text(json.dumps(RECIPES[name].to_dict()))
    assert find_recipe(str(file)) == RECIPES[name]


def test_a_file_changes_what_it_names(tmp_path):
    file = tmp_path / "mine.json"
    file.write_text(
        json.dumps(
            {
                "name": "scratch",
                "epochs": 4,
                "stages": [{"part": 0.5, "size": 0.5}, {"part": 0.5}],
                "augmentation": {"area": [0.7, 1.0]},
            }
        )
    )
    before = RECIPES["scratch"]
    wanted = dataclasses.replace(
        before,
        epochs=4,
        stages=(Stage(part=0.5, size=0.5), Stage(part=0.5)),
        augmentation=dataclasses.replace(before.augmentation, area=(0.7, 1.0)),
    )
    assert find_recipe(str(file)) == wanted


@given(st.lists(st.integers(1, 10), min_size=1, max_size=5), st.integers(1, 60))
def test_every_epoch_has_a_stage_and_stages_come_in_order(parts, epochs):
    stages = tuple(Stage(part=part / sum(parts)) for part in parts)
    recipe = Recipe(name="any", epochs=epochs, stages=stages)
    order = [recipe.stage(epoch) for epoch in range(epochs)]
    assert order == sorted(order)
    assert set(order) <= set(range(len(stages)))
    assert order[0] == 0 or epochs * stages[0].part < 1
    for number, stage in enumerate(stages):
        assert abs(order.count(number) - stage.part * epochs) < 1 + 1e-6


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot read the recipe .*: No such file"),
        ("{", "it is no JSON"),
        ("[]", "its name must be one of linear, finetune, scratch"),
        ('{"name": "best"}', "its name must be one of"),
        ('{"name": "scratch", "speed": 3}', "unexpected keyword argument 'speed'"),
        ('{"name": "scratch", "rate": "high"}', 'rate must be a number, not "high"'),
        ('{"name": "scratch", "quantised": 2}', "quantised must be from 0 to 1, not 2"),
        ('{"name": "scratch", "stages": [{"share": 1}]}', "unexpected keyword argument 'share'"),
        ('{"name": "scratch", "augmentation": {"area": [0, 1]}}', "area cannot be from 0 to 1"),
    ],
)
def test_bad_files(content, says, tmp_path):
    file = tmp_path / "recipe.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(UsageError, match=says):
        find_recipe(str(file))


def test_an_unknown_name():
    with pytest.raises(UsageError, match="unknown recipe 'best': use one of linear, finetune"):
        find_recipe("best")
