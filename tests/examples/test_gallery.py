"""What the text of an example claims is true of the numbers that it prints."""

import math
import re

import pytest


@pytest.mark.exhaustive
def test_one_unit_finds_one_edge_of_the_band_and_two_find_both(story):
    told = story("banded_sum")
    assert float(re.search(r"accuracy of the default network: ([\d.]+)", told.text)[1]) > 0.97
    loss = {name: numbers[:2] for name, numbers in told.numbers.items()}
    right = {name: numbers[2:] for name, numbers in told.numbers.items()}
    assert all(abs(value - math.log(2)) < 0.01 for value in loss["linear"])
    assert all(0.70 < value < 0.80 for value in right["1 tanh unit"])
    assert min(right["2 tanh units"] + right["4 tanh units"]) > 0.97


@pytest.mark.exhaustive
def test_the_default_network_comes_close_to_the_formula_of_the_table(story):
    told = story("mixed_table").numbers
    (line,), (network,), (formula,) = (
        told[name] for name in ("logistic regression", "default network", "the formula")
    )
    assert formula < network < formula + 0.3 * (line - formula)


@pytest.mark.exhaustive
def test_hidden_layers_help_and_a_little_weight_decay(story):
    told = story("mixed_table").numbers
    linear, narrow, deep = (told[name] for name in ("()", "(8,)", "(32, 32)"))
    assert min(deep) < min(narrow) < min(linear) - 0.05
    assert deep[1] < min(deep[0], deep[2]) - 0.01


def test_weights_and_thresholds_find_the_rare_class(story):
    told = story("imbalanced")
    names = ("accuracy", "recall", "precision", "average precision", "cost")
    plain, balanced, tuned = (
        dict(zip(names, told.numbers[name], strict=True)) for name in ("plain", "balanced", "tuned")
    )
    for other in (balanced, tuned):
        assert plain["accuracy"] > other["accuracy"]
        assert plain["recall"] < 0.65 < 0.9 < other["recall"]
        assert plain["precision"] > other["precision"] + 0.2
        assert other["cost"] < plain["cost"] / 2
        assert abs(plain["average precision"] - other["average precision"]) < 0.03
    threshold = float(re.search(r"The tuned threshold is ([\d.]+)", told.text)[1])
    assert 0.01 < threshold < 0.2


def test_early_stopping_stops_sooner_and_is_better_on_new_rows(story):
    told = story("early_stopping").numbers
    late, early = told["training loss decides"], told["early stopping"]
    assert early[0] < 0.5 * late[0] == 0.5 * 300
    assert told["default"][2] < 0.85 * late[2]
    assert early[1] > late[1]
    assert early[2] < 0.85 * late[2]
    assert early[3] > late[3]


@pytest.mark.exhaustive
def test_the_stream_stays_below_the_memory_allowed(story):
    told = story("out_of_core").numbers
    names = ("the stream, at most", "allowed", "the file", "the whole table")
    (stream,), (allowed,), (file,), (whole,) = (told[name] for name in names)
    assert 0.1 < stream < allowed < file < whole


@pytest.mark.exhaustive
def test_only_the_model_that_goes_on_learning_recovers(story):
    told = story("out_of_core").numbers
    assert told["before the change"][0] > 0.95
    assert max(told["just after"]) < 0.6
    learning, frozen = told["at the end"]
    assert learning > 0.95
    assert frozen < 0.6


@pytest.mark.exhaustive
def test_averages_and_falling_rates_end_lower_and_calmer_than_a_constant_rate(story):
    told = story("schedules").numbers
    constant = told.pop("constant")
    assert [*told] == ["averaged", "invscaling", "step", "exponential", "cosine"]
    for last, spread in told.values():
        assert last < constant[0]
        assert spread < constant[1] / 2


@pytest.mark.exhaustive
def test_the_log_of_a_search_ends_with_the_losses_that_the_search_reports(story):
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9")
    told = story("callbacks_in_search").numbers
    slow, good, fast, wild = (told[rate] for rate in ("0.0003", "0.0030", "0.0300", "0.3000"))
    for _, logged, reported, _ in (slow, good, fast, wild):
        assert abs(logged - reported) < 1e-3
    assert slow[0] == 120
    assert max(good[0], wild[0]) < 120
    assert fast[0] < 60
    assert max(good[1], fast[1]) < 0.06 < 0.3 < min(slow[1], wild[1])


def test_the_graph_answers_as_the_pipeline_does(story):
    pytest.importorskip("skl2onnx")
    pytest.importorskip("onnxruntime")
    told = story("onnx").text
    assert "labels that differ: 0 of 450" in told
    assert float(re.search(r"largest difference of a probability: (\S+)", told)[1]) < 1e-5
    assert float(re.search(r"accuracy of the graph: (\S+)", told)[1]) > 0.94


@pytest.mark.exhaustive
def test_each_way_of_regularising_lowers_the_loss_on_new_rows(story):
    told = story("regularisation").numbers
    none = told.pop("none")
    assert len(told) == 7
    for train, test, right in told.values():
        assert train > none[0]
        assert test < none[1] - 0.02
        assert right > none[2] - 0.02


@pytest.mark.exhaustive
def test_the_regression_needs_no_scaled_target(story):
    told = story("regression").numbers
    assert told["network"][0] > told["linear regression"][0] - 0.02
    for network in ("network", "network, absolute error"):
        assert told[network][1] < 0.75 * told["mean of y"][1]
    assert told["network, absolute error"][2] < 1.01 * told["network"][2]
    in_units = [told[f"times {unit}"][0] for unit in ("1e-06", "1", "1e+06")]
    assert max(in_units) - min(in_units) < 0.02
    means, spreads = zip(*(told[third] for third in ("low", "middle", "high")), strict=True)
    assert max(map(abs, means)) < 5
    assert spreads[0] < min(spreads[1:])


@pytest.mark.exhaustive
def test_intervals_cover_what_they_should_at_every_hour(story):
    told = story("quantiles").numbers
    for level in ("0.05", "0.25", "0.50", "0.75", "0.95"):
        assert abs(told[level][0] - float(level)) < 0.03
    assert all(abs(share - 0.9) < 0.06 for share in told["quantiles"])
    assert told["constant width"][2] < 0.7 < 0.95 < told["constant width"][1]
    for n in ("100", "200", "400"):
        trained, new, calibrated = told[n]
        assert new < 0.87 < trained
        assert abs(calibrated - 0.9) < 0.04


@pytest.mark.exhaustive
def test_a_temperature_or_held_out_rows_calibrate_a_network(story):
    told = story("calibration").numbers
    loss, error = 0, 1
    for kind in (loss, error):
        for name, gain in (("one member", 1), ("label smoothing", 1), ("no early stopping", 0.85)):
            assert told[f"{name}, corrected"][kind] < gain * told[f"{name}, as it is"][kind]
    assert told["default, as it is"][error] < 0.05
    assert told["default, corrected"][error] < 0.05
    assert (
        told["label smoothing, corrected"][error] < 0.7 * told["label smoothing, as it is"][error]
    )
    assert told["no early stopping, as it is"][error] > 0.08


def test_members_disagree_where_no_rows_decide(story):
    told = story("members")
    mix, gap, separate = (
        told.numbers[name] for name in ("classes mix", "no training rows", "classes are separate")
    )
    assert gap[0] > 1.3 * max(mix[0], separate[0])
    assert mix[1] > 0.12, "disagreement is not the share of mistakes"
    assert separate[1] < 0.06
    (least,), (most,) = (told.numbers[f"{most} disagreement"] for most in ("least", "most"))
    assert most > 5 * least


@pytest.mark.exhaustive
def test_a_network_wins_on_a_smooth_truth_and_boosting_on_thresholds(story):
    told = story("boosting").numbers
    names = ("network", "network with bins", "boosting", "boosting, small steps", "the formula")
    network, bins, boosting, small_steps, formula = (told[name] for name in names)
    smooth, thresholds = 0, 1
    for truth in (smooth, thresholds):
        assert formula[truth] < min(network[truth], boosting[truth], bins[truth])
    best = [min(pair) for pair in zip(boosting, small_steps, strict=True)]
    assert max(network[smooth], bins[smooth]) < best[smooth] - 0.01
    assert best[thresholds] < bins[thresholds]
    assert bins[thresholds] - best[thresholds] < 0.5 * (network[thresholds] - best[thresholds])


def test_a_student_of_probabilities_is_better_than_its_teacher(story):
    told = story("distillation").numbers
    columns = ("accuracy", "loss", "size", "time")
    teacher, soft, hard, alone = (
        dict(zip(columns, told[name], strict=True))
        for name in (
            "teacher", "student of probabilities", "student of classes", "network on 1000 labels",
        )
    )  # fmt: skip
    assert soft["loss"] < min(teacher["loss"], alone["loss"])
    assert hard["loss"] > max(teacher["loss"], soft["loss"] + 0.03)
    assert min(soft["accuracy"], hard["accuracy"]) > max(teacher["accuracy"], alone["accuracy"])
    assert soft["size"] < 0.5 * teacher["size"]


def test_contributions_and_permutations_agree_on_what_matters(story):
    told = story("explanations")
    gap = float(re.search(r"range of predictions: ([\d.]+)", told.text)[1])
    assert gap <= 1e-3
    names = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
    shares = {name: told.numbers[name] for name in names}
    for kind in (0, 1):
        assert abs(sum(values[kind] for values in shares.values()) - 1) < 0.01
        assert {*sorted(shares, key=lambda name: -shares[name][kind])[:2]} == {"bmi", "s5"}
    for name in ("bmi", "bp", "s5"):
        rise = re.search(rf"from the lowest to the highest {name}: ([-+]\d+)", told.text)[1]
        assert int(rise) > 30
