"""The linear classifier that the evaluation's witnesses share. Knows vectors and labels only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def fit_linear(vectors: np.ndarray, labels: Sequence[str] | np.ndarray, penalty: float) -> Pipeline:
    """Logistic regression on standardised vectors, every label weighted alike.

    Parameters
    ----------
    vectors
        Float (n, d).
    labels
        What each row is, length n.
    penalty
        Inverse strength of the L2 penalty (scikit-learn's ``C``).

    Raises
    ------
    ImportError
        If scikit-learn is not installed.
    """
    try:
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
    except ImportError as error:
        raise ImportError(
            'this part of the evaluation needs scikit-learn; install it with: pip install "napari-cosynth[train]"'
        ) from error
    classifier = LogisticRegression(C=penalty, class_weight="balanced", max_iter=2000)
    return make_pipeline(StandardScaler(), classifier).fit(vectors, np.asarray(labels))
