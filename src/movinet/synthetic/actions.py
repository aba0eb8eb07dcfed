"""The table of the actions: what they are called, and who moves the figure."""

from __future__ import annotations

from collections.abc import Callable

from movinet.synthetic import floor, legs, upper
from movinet.synthetic.performer import Performer
from movinet.synthetic.skeleton import Figure
from movinet.synthetic.standing import idle

BACKGROUND = "standing or walking"

# Named as Kinetics-600 does where it knows the action.
ACTIONS: dict[str, Callable[[Performer], Figure]] = {
    "bowing": upper.bowing,
    "cartwheeling": floor.cartwheeling,
    "clapping": upper.clapping,
    "falling down": floor.falling_down,
    "front raises": upper.front_raises,
    "headbanging": upper.headbanging,
    "high kick": legs.high_kick,
    "jogging": legs.jogging,
    "jumping jacks": legs.jumping_jacks,
    "lunge": legs.lunge,
    "marching": legs.marching,
    "mountain climber (exercise)": floor.mountain_climber,
    "pirouetting": upper.pirouetting,
    "pull ups": floor.pull_ups,
    "pumping fist": upper.pumping_fist,
    "punching person (boxing)": upper.punching,
    "push up": floor.push_up,
    "side kick": legs.side_kick,
    "sitting down": floor.sitting_down,
    "situp": floor.situp,
    "skipping rope": legs.skipping_rope,
    "somersaulting": floor.somersaulting,
    "squat": legs.squat,
    "standing up": floor.standing_up,
    "stretching arm": upper.stretching_arm,
    "swinging on something": floor.swinging,
    "throwing ball (not baseball or American football)": upper.throwing,
    "waving hand": upper.waving_hand,
    BACKGROUND: idle,
}
LABELS: tuple[str, ...] = tuple(ACTIONS)
# Done on the spot and upright, so that a seat or a bar may stand about as well.
UPRIGHT = frozenset(LABELS) - {
    "cartwheeling",
    "falling down",
    "mountain climber (exercise)",
    "pull ups",
    "push up",
    "sitting down",
    "situp",
    "somersaulting",
    "standing up",
    "swinging on something",
}
# Done by the hands before the chest: from behind there is nothing to see.
FROM_THE_FRONT = frozenset({"clapping"})
