"""The loop: a run that was stopped goes on as if it had not been."""

import math
import shutil
from itertools import islice

import pytest

torch = pytest.importorskip("torch")

from pydantic import ValidationError  # noqa: E402

from napari_cosynth.model.detail import detail_of  # noqa: E402
from napari_cosynth.training.batches import batches  # noqa: E402
from napari_cosynth.training.loop import TrainingSettings, train, trained_state  # noqa: E402

SETTINGS = TrainingSettings(batch_size=2, warmup=3, precision="no", learning_rate=1e-3)


@pytest.fixture
def run(make_unet, make_encoder, sampler):
    """Start or resume a run in a folder."""

    def start(folder, resume=False, **changes):
        settings = SETTINGS.model_copy(update=changes)
        # A resumed run gets other weights to begin with: all must come from the checkpoint.
        network = make_unet(5 if resume else 0)
        return train(network, make_encoder(), sampler, settings, folder, resume=resume, cpu=True)

    return start


def taken(generator, n):
    steps = list(islice(generator, n))
    generator.close()
    return steps


def losses(steps):
    return [(s.step, s.crops, s.image, s.distance, s.classes, s.learning_rate) for s in steps]


def same_weights(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


def test_losses_are_finite_and_counted(run, tmp_path):
    steps = taken(run(tmp_path), 3)
    assert [s.step for s in steps] == [1, 2, 3] and [s.crops for s in steps] == [2, 4, 6]
    assert all(math.isfinite(x) and x >= 0 for s in steps for x in (s.image, s.distance, s.classes))
    assert 0 <= steps[0].seconds <= steps[1].seconds <= steps[2].seconds


@pytest.mark.parametrize("options", [{"precision": "no"}, {"precision": "bf16"}, {"uses": 2}])
def test_a_resumed_run_continues_exactly(run, tmp_path, options):
    whole = taken(run(tmp_path / "whole", **options), 4)
    first = taken(run(tmp_path / "parts", **options), 2)
    second = taken(run(tmp_path / "parts", resume=True, **options), 2)
    assert losses(first + second) == losses(whole)
    one, other = (trained_state(tmp_path / name) for name in ("whole", "parts"))
    assert same_weights(one.weights, other.weights)
    assert one.terms == other.terms and one.step == other.step == 4 and one.crops == 8


def test_crops_come_back_turned_and_with_other_noise(run, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_cosynth.training.reuse.WINDOW", 2)
    once, twice = (losses(taken(run(tmp_path / str(uses), uses=uses), 5)) for uses in (1, 2))
    assert once[:2] == twice[:2] and all(a != b for a, b in zip(once[2:], twice[2:], strict=True))
    first = losses(taken(run(tmp_path / "parts", uses=2), 3))
    assert first + losses(taken(run(tmp_path / "parts", uses=2, resume=True), 2)) == twice


def test_a_resumed_run_continues_exactly_with_a_critic(run, tmp_path):
    judged = [s.critic for s in taken(run(tmp_path / "whole", persuasion=0.1), 4)]
    first = [s.critic for s in taken(run(tmp_path / "parts", persuasion=0.1), 2)]
    second = [s.critic for s in taken(run(tmp_path / "parts", resume=True, persuasion=0.1), 2)]
    # A step whose times are all early has nothing that could be judged.
    assert all(0 <= wrong < 4 for wrong in judged) and sum(map(bool, judged)) > 1 and first + second == judged


def test_a_critic_may_join_later(run, tmp_path):
    alone = taken(run(tmp_path), 2)
    # A step whose times are all early has nothing that could be judged.
    joined = taken(run(tmp_path, resume=True, persuasion=0.1), 5)
    assert [s.critic for s in alone] == [0, 0] and any(s.critic > 0 for s in joined) and joined[0].step == 3


def test_a_resumed_run_continues_exactly_with_rehearsals(run, tmp_path):
    whole = taken(run(tmp_path / "whole", rehearsal=1.0), 2)
    first = taken(run(tmp_path / "parts", rehearsal=1.0), 1)
    second = taken(run(tmp_path / "parts", resume=True, rehearsal=1.0), 1)
    assert losses(first + second) == losses(whole)
    assert [s.rehearsal for s in first + second] == [s.rehearsal for s in whole] and whole[0].rehearsal > 0
    assert not same_weights(trained_state(tmp_path / "whole").weights, alone(run, tmp_path / "alone", 2))


def test_a_network_is_told_of_each_crops_detail(make_unet, make_encoder, sampler, tmp_path):
    network = make_unet(told_detail=True)
    told = []
    network.register_forward_pre_hook(lambda _, given: told.append(given[-1]))
    taken(train(network, make_encoder(), sampler, SETTINGS, tmp_path, cpu=True), 2)
    first = next(iter(batches(sampler, 2, 0))).whole()
    assert torch.equal(told[0], detail_of(first.clean[:, :3])) and not torch.equal(told[0], told[1])


def alone(run, folder, n):
    """Weights of a run of ``n`` steps without anything that judges."""
    assert all(step.rehearsal == 0 for step in taken(run(folder), n))
    return trained_state(folder).weights


def test_rehearsals_need_the_joint_path(make_unet, make_encoder, sampler, tmp_path):
    settings = SETTINGS.model_copy(update={"rehearsal": 1.0})
    network = make_unet(process="labels-first")
    with pytest.raises(ValueError, match="labels-first network is trained without: --rehearsal 0"):
        next(train(network, make_encoder(), sampler, settings, tmp_path, cpu=True))


def test_a_killed_run_repeats_from_its_last_checkpoint(run, tmp_path):
    # Every step is saved; the copy is what a kill after step 2 leaves.
    generator = run(tmp_path / "run", checkpoint_every_s=1e-9)
    before = [next(generator), next(generator)]
    assert all(s.saved for s in before)
    shutil.copytree(tmp_path / "run", tmp_path / "killed")
    after = taken(generator, 3)
    assert losses(taken(run(tmp_path / "killed", resume=True), 3)) == losses(after)


@pytest.mark.parametrize("reason", [KeyboardInterrupt, RuntimeError])
def test_an_abort_saves_and_goes_on_exactly(run, tmp_path, reason):
    whole = taken(run(tmp_path / "whole"), 4)
    generator = run(tmp_path / "parts")
    first = [next(generator), next(generator)]
    with pytest.raises(reason):
        generator.throw(reason("stop"))
    assert losses(first + taken(run(tmp_path / "parts", resume=True), 2)) == losses(whole)


def test_an_abort_in_the_middle_of_a_step_repeats_that_step(run, tmp_path, monkeypatch):
    whole = taken(run(tmp_path / "whole"), 4)
    generator = run(tmp_path / "parts")
    first = [next(generator), next(generator)]

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("napari_cosynth.training.process.joint_losses", interrupted)
        with pytest.raises(KeyboardInterrupt):
            next(generator)
    assert losses(first + taken(run(tmp_path / "parts", resume=True), 2)) == losses(whole)


def test_a_run_that_came_apart_keeps_its_last_good_checkpoint(run, tmp_path):
    taken(run(tmp_path), 2)
    good = trained_state(tmp_path)
    with pytest.raises(ValueError, match="came apart: at step 4 .* lower learning rate"):
        taken(run(tmp_path, resume=True, learning_rate=1e30), 2)
    kept = trained_state(tmp_path)
    assert kept.step == 2 and same_weights(kept.weights, good.weights)
    assert [s.step for s in taken(run(tmp_path, resume=True), 1)] == [3]


def test_the_seed_decides_and_nothing_else(run, tmp_path):
    first = taken(run(tmp_path / "a"), 2)
    torch.manual_seed(99)
    torch.randn(7)
    assert losses(taken(run(tmp_path / "b"), 2)) == losses(first)
    assert losses(taken(run(tmp_path / "c", seed=1), 2)) != losses(first)


def test_without_resume_a_run_begins_anew(run, tmp_path):
    first = taken(run(tmp_path), 2)
    assert losses(taken(run(tmp_path), 2)) == losses(first)


def test_resume_without_a_checkpoint_begins_anew(run, tmp_path):
    assert taken(run(tmp_path / "new", resume=True), 1)[0].step == 1


def test_training_on_learns(run, tmp_path):
    steps = taken(run(tmp_path, warmup=0, learning_rate=3e-3), 30)
    first, last = (sum(s.image + s.classes for s in part) for part in (steps[:6], steps[-6:]))
    assert last < first


def test_trained_state_is_the_average_with_its_terms(run, tmp_path):
    taken(run(tmp_path), 2)
    state = trained_state(tmp_path)
    assert (state.step, state.crops) == (2, 4) and state.seconds > 0
    assert state.terms and all(count >= 1 for count in state.terms.values())
    assert all(weight.dtype == torch.float32 and weight.isfinite().all() for weight in state.weights.values())


def test_no_run_in_the_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="no checkpoint; give the --out folder"):
        trained_state(tmp_path)


def test_the_learning_rate_warms_up_stays_and_falls():
    settings = TrainingSettings(learning_rate=1e-3, warmup=10, decay_from=100, decay_steps=50)
    rates = [settings.learning_rate_at(step) for step in range(200)]
    assert rates[0] == pytest.approx(1e-4) and rates[:10] == sorted(rates[:10])
    assert set(rates[9:101]) == {1e-3}
    assert rates[125] == pytest.approx(5e-4) and set(rates[150:]) == {0}
    assert TrainingSettings(warmup=0).learning_rate_at(10**7) == TrainingSettings().learning_rate


def test_the_loop_uses_the_schedule(run, tmp_path):
    rates = [s.learning_rate for s in taken(run(tmp_path, decay_from=3, decay_steps=2), 5)]
    assert rates == pytest.approx([1e-3 / 3, 2e-3 / 3, 1e-3, 1e-3, 5e-4])


def test_a_fall_may_begin_under_way(run, tmp_path):
    steps = run(tmp_path)
    rates = [next(steps).learning_rate for _ in range(3)]
    rates.append(steps.send(SETTINGS.falling(3, 2)).learning_rate)
    rates += [next(steps).learning_rate for _ in range(2)]
    steps.close()
    assert rates == pytest.approx([1e-3 / 3, 2e-3 / 3, 1e-3, 1e-3, 5e-4, 0])
    assert SETTINGS.falling(3, 2).falls_until == 5 and SETTINGS.falling(3, 2).plateau() == SETTINGS


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"learning_rate": 0}, {"ema_decay": 1}, {"learning_rte": 1}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        TrainingSettings(**wrong)
