"""Organ and stain out of a prompt."""

import pytest

from napari_cosynth.export.tissue import PANNUKE_TYPES, organ_of, pannuke_type, stain_of


@pytest.mark.parametrize(
    ("prompt", "organ", "tissue"),
    [
        ("bladder carcinoma, H&E", "bladder", "Bladder"),
        ("urinary bladder", "bladder", "Bladder"),
        ("gall bladder", "gallbladder", "Unknown"),
        ("Gall-bladder, inflamed", "gallbladder", "Unknown"),
        ("gallbladder beside the liver", "gallbladder", "Unknown"),
        ("cervical carcinoma", "cervix", "Cervix"),
        ("cervix uteri", "cervix", "Cervix"),
        ("cervical lymph node, metastasis", "", "Unknown"),
        ("cervical  lymph nodes with thyroid carcinoma", "thyroid", "Thyroid"),
        ("cervical esophagus", "esophagus", "Esophagus"),
        ("bile-duct", "bile duct", "Bile-duct"),
        ("larynx", "head and neck", "HeadNeck"),
        ("adrenal gland", "adrenal gland", "Adrenal_gland"),
        ("glioma", "brain", "Unknown"),
        ("nuclei", "", "Unknown"),
    ],
)
def test_the_first_organ_that_is_named(prompt, organ, tissue):
    assert (organ_of(prompt), pannuke_type(prompt)) == (organ, tissue)


def test_each_of_pannuke_s_tissues_is_known_by_its_own_name():
    plain = {"HeadNeck": "head and neck"}
    assert [pannuke_type(plain.get(t, t.replace("_", " "))) for t in PANNUKE_TYPES] == list(PANNUKE_TYPES)


@pytest.mark.parametrize(
    ("prompt", "stain"), [("colon, H&E", "H&E"), ("Ki67", "IHC"), ("Ki 67", "IHC"), ("colon, HE", "H&E"), ("", "H&E")]
)
def test_stain(prompt, stain):
    assert stain_of(prompt) == stain
