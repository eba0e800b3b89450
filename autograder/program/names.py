"""The roles of the assignment, and how a name tells which one something plays."""

import re
from collections.abc import Callable
from enum import StrEnum


class Role(StrEnum):
    """The seven functions and four arrays of the assignment, by the names of the handout."""

    LOAD = "get_organized_data"
    SAME = "generate_same_pair"
    DIFFERENT = "generate_different_pair"
    CNN = "CNN"
    CHANNEL = "CNNChannel"
    ACCURACY = "get_accuracy"
    TRAIN = "train"
    TRAIN_DATA = "train_data"
    VALID_DATA = "valid_data"
    TEST_W = "test_w"
    TEST_M = "test_m"


FUNCTIONS = (Role.LOAD, Role.SAME, Role.DIFFERENT, Role.CNN, Role.CHANNEL, Role.ACCURACY, Role.TRAIN)
MODELS = (Role.CNN, Role.CHANNEL)
ARRAYS = (Role.TRAIN_DATA, Role.VALID_DATA, Role.TEST_W, Role.TEST_M)

ALIASES: dict[Role, str] = {
    Role.LOAD: """
        load_data load_images load_dataset load_folder load_photos load_shoes read_data read_images read_folder
        get_data get_images get_dataset prepare_data organize_data process_data create_data create_dataset
        make_data build_dataset build_data images_to_array load""",
    Role.SAME: """
        same_pair same_pairs generate_same_pairs gen_same_pair generate_positive generate_positives positive_pairs
        make_positive make_positives make_same make_same_pairs create_same_pair get_same_pair gen_same""",
    Role.DIFFERENT: """
        different_pair different_pairs generate_different_pairs gen_different_pair generate_negative
        generate_negatives negative_pairs make_negative make_negatives make_different make_different_pairs
        create_different_pair get_different_pair gen_different generate_diff_pair gen_diff""",
    Role.CNN: """
        cnn cnn_model cnn_net cnn1 conv_net my_cnn simple_cnn basic_cnn cnn_a cnn_basic convnet base_cnn net""",
    Role.CHANNEL: """
        cnn_channel channel_cnn cnn_channels cnn_channel_model channel_net cnn_c my_cnn_channel channel_model""",
    Role.ACCURACY: """
        accuracy accuracies get_accuracies calc_accuracy compute_accuracy calculate_accuracy estimate_accuracy
        evaluate evaluate_model evaluate_accuracy eval_model model_accuracy test_accuracy get_acc calc_acc
        check_accuracy measure_accuracy""",
    Role.TRAIN: """
        train_model run_pytorch_gradient_descent fit train_network train_net train_cnn training run_training
        training_loop train_loop fit_model learn do_train gradient_descent run_gradient_descent""",
    Role.TRAIN_DATA: """
        train train_set tr training_data train_arr train_array train_images train_x x_train training_set
        train_triplets data_train train_imgs train_np trn""",
    Role.VALID_DATA: """
        valid val va validation_data val_data valid_set val_set validation_set validation valid_arr val_arr
        valid_images val_images x_valid x_val valid_triplets data_val data_valid valid_array val_imgs""",
    Role.TEST_W: """
        test_w_data women tw test_women test_women_data women_test women_test_data test_data_w w_test test_set_w
        test_female test_womens womens_test data_test_w x_test_w testing_w test_w_set""",
    Role.TEST_M: """
        test_m_data men tm test_men test_men_data men_test men_test_data test_data_m m_test test_set_m test_male
        test_mens mens_test data_test_m x_test_m testing_m test_m_set""",
}
# Words that make a name something about the data rather than the data.
_ABOUT = frozenset(
    "path paths dir dirs folder folders file files filename filenames loader loaders acc accs accuracy "
    "accuracies loss losses label labels pos neg positive negative same diff different idx idxs index indices "
    "ids id size sizes len length curve curves num n count pairs pair y time epoch epochs names name list glob "
    "students student ds dataset tensor split ratio mask transform history pred preds model cost error iter "
    "iters url zip small tiny mini subset sanity overfit fraction percent best shape fn func function".split()
)


def plain(name: str) -> str:
    """A name without case and underscores."""
    return name.replace("_", "").lower()


def words(name: str) -> list[str]:
    """The words of a name: `testW_data` gives test, w, data."""
    return [w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


_PLAIN_ALIASES = {role: {plain(alias) for alias in names.split()} for role, names in ALIASES.items()}


def _about_pairs(name: str, parts: list[str], sign: frozenset[str]) -> bool:
    other = {"accuracy", "acc", "plot", "show", "count", "predict", "correct", "display", "print", "eval", "loss"}
    return any(part in sign for part in parts) and not other & set(parts)


_SAME_WORDS = frozenset({"same", "positive", "positives", "pos", "match", "matching", "true", "correct"})
_DIFFERENT_WORDS = frozenset(
    "different diff negative negatives neg wrong mismatch unmatched false differ jumble jumbled".split()
)


def _array_named(parts: list[str], kinds: frozenset[str]) -> bool:
    return bool(kinds & set(parts)) and not _ABOUT & set(parts)


def _test_named(parts: list[str], who: frozenset[str]) -> bool:
    return bool(who & set(parts)) and not _ABOUT & set(parts) and not {"train", "valid", "val"} & set(parts)


_WOMEN = frozenset({"w", "tw", "women", "womens", "woman", "female", "females", "ladies"})
_MEN = frozenset({"m", "tm", "men", "mens", "man", "male", "males"})

_NAMED: dict[Role, Callable[[str, list[str]], bool]] = {
    Role.LOAD: lambda name, parts: bool({"load", "read", "organize", "organized", "import"} & set(parts)),
    Role.SAME: lambda name, parts: _about_pairs(name, parts, _SAME_WORDS),
    Role.DIFFERENT: lambda name, parts: _about_pairs(name, parts, _DIFFERENT_WORDS),
    Role.CNN: lambda name, parts: "channel" not in plain(name) and plain(name).startswith("cnn"),
    Role.CHANNEL: lambda name, parts: "channel" in plain(name),
    Role.ACCURACY: lambda name, parts: (
        bool({"accuracy", "acc", "accuracies"} & set(parts)) and not {"plot", "print", "show", "curve"} & set(parts)
    ),
    Role.TRAIN: lambda name, parts: False,  # "train" is in the names of too many things that do not train
    Role.TRAIN_DATA: lambda name, parts: _array_named(parts, frozenset({"train", "training", "tr", "trn"})),
    Role.VALID_DATA: lambda name, parts: _array_named(parts, frozenset({"valid", "validation", "val", "va", "vld"})),
    Role.TEST_W: lambda name, parts: _test_named(parts, _WOMEN) and parts != ["w"],
    Role.TEST_M: lambda name, parts: _test_named(parts, _MEN) and parts != ["m"],
}


def is_usual_name(role: Role, name: str) -> bool:
    """Whether a name is one that a role often has."""
    return plain(name) in _PLAIN_ALIASES[role]


def has_telling_words(role: Role, name: str) -> bool:
    """Whether the words of a name tell the role."""
    return _NAMED[role](name, words(name))
