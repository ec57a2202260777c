import pytest
from pydantic import ValidationError

from napari_cosynth.classes import BUNDLED, UNSPECIFIED, NucleusClass, Taxonomy

BLANK = NucleusClass(name=UNSPECIFIED, color="#808080", key="U")


def test_order_of_the_bundled_classes_is_the_tensor_order():
    assert BUNDLED.names == (
        "neoplastic",
        "inflammatory",
        "connective",
        "epithelial",
        "other",
        "unspecified",
        "positive",
        "negative",
    )


def test_id_of_is_the_inverse_of_names():
    for class_id, name in enumerate(BUNDLED.names):
        assert BUNDLED.id_of(name) == class_id
        assert BUNDLED.id_of(f" {name.upper()} ") == class_id
        assert BUNDLED[class_id].name == name


def test_unknown_class_lists_the_known_and_suggests_the_closest():
    with pytest.raises(ValueError, match="neoplastic, inflammatory.*Did you mean 'epithelial'"):
        BUNDLED.id_of("epithelal")


def test_stated_classes_are_all_but_unspecified():
    assert BUNDLED.unspecified not in BUNDLED.stated
    assert sorted([*BUNDLED.stated, BUNDLED.unspecified]) == list(range(len(BUNDLED)))


def test_json_round_trip():
    assert Taxonomy.model_validate_json(BUNDLED.model_dump_json()) == BUNDLED


def test_keys_are_unique_letters_because_napari_takes_the_digits():
    keys = [c.key for c in BUNDLED]
    assert len(set(keys)) == len(keys)
    assert all(k.isalpha() for k in keys)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Tumour"},
        {"name": ""},
        {"name": "3d"},
        {"color": "red"},
        {"color": "#12345"},
        {"key": "1"},
        {"key": "ab"},
    ],
)
def test_bad_class_is_refused(fields):
    with pytest.raises(ValidationError):
        NucleusClass(**{"name": "tumour", "color": "#ff0000", "key": "T"} | fields)


def test_rgb_of_a_colour():
    assert NucleusClass(name="a", color="#FF0080", key="a").rgb == (255, 0, 128)


def test_taxonomy_refuses_doubles_and_needs_unspecified():
    tumour = NucleusClass(name="tumour", color="#ff0000", key="T")
    with pytest.raises(ValidationError, match="share the name"):
        Taxonomy(classes=(BLANK, tumour, tumour.model_copy(update={"key": "X"})))
    with pytest.raises(ValidationError, match="share the key"):
        Taxonomy(classes=(BLANK, tumour.model_copy(update={"key": "U"})))
    with pytest.raises(ValidationError, match="unspecified"):
        Taxonomy(classes=(tumour,))
