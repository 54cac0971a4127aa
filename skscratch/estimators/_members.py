"""The members of a fitted network: taken out of its blocks, and their predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor
from sklearn.utils.validation import check_is_fitted

from skscratch._typing import MatrixLike
from skscratch._warnings import warn
from skscratch.core.network import Parameters, in_blocks
from skscratch.estimators._fitted import fitted_network, fitted_parameters
from skscratch.estimators._folding import weights_digest
from skscratch.estimators._hints import explained
from skscratch.estimators._prediction import finished_by

__all__ = ["Members", "member_parameters", "member_spread"]


class Members:
    """Predictions of the single members, for every kind of target."""

    @explained
    def predict_members(self, X: MatrixLike) -> NDArray[np.floating[Any]]:
        """Return the predictions of every ensemble member.

        The members are the blocks of ``coefs_``. Members that disagree have seen few rows like the
        sample, so the spread over the members is a measure of uncertainty. The spread does not
        contain the noise of y, which all members average out alike.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples, with the features that the model was trained on.

        Returns
        -------
        p : ndarray of shape (n_members, n_samples, n_classes) or (n_members, n_samples, n_labels)
            For a classifier: the probabilities of every member. ``predict_proba`` is computed from
            the mean of the members' logits. So it is their geometric mean, divided by its sum over
            the classes.
            For a regressor: the predictions of every member, of shape (n_members, n_samples) or
            (n_members, n_samples, n_outputs). ``predict`` is their mean. With ``loss='poisson'``
            or ``'gamma'``, it is their geometric mean. With several levels of ``quantile``, every
            member's row is sorted, and the mean is that of the values before they were sorted. A
            model without an ensemble has ``n_members_ = 1``.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is not as described, or if the members cannot be told apart. That is so if
            ``coefs_`` was changed after ``fit`` and connects members, or if its last array was
            changed: the members' own output biases are known for the original array only.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skscratch import ScratchMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ScratchMLPClassifier(n_members=4, random_state=0).fit(X, y)
        >>> p = model.predict_members(X)
        >>> p.shape
        (4, 150, 3)
        >>> p[:, 72, 1].round(2)
        array([0.75, 0.7 , 0.66, 0.65])
        >>> model.predict_proba(X)[72, 1:2].round(2)
        array([0.69])
        """
        check_is_fitted(self)
        estimator: Any = self
        members, arch = member_parameters(estimator), fitted_network(estimator)
        first, *hidden, last = arch.sizes
        arch = replace(arch, sizes=(first, *(width // len(members) for width in hidden), last))
        p = finished_by(estimator, arch, members, X, lambda z: estimator._loss().predict(z))
        return p[..., 0] if p.shape[-1] == 1 and is_regressor(estimator) else p


def member_spread(estimator: Any, X: MatrixLike, return_std: Any) -> NDArray[np.floating[Any]]:
    """Return the standard deviation over members of their predictions; warn if there is one."""
    if not isinstance(return_std, (bool, np.bool_)):
        raise TypeError(f"return_std must be True or False. Got {return_std!r}.")
    if estimator.n_members_ == 1:
        warn(
            "return_std: the model has one member, so the standard deviation over its members is 0 "
            "everywhere. It says nothing about the error. A spread needs n_members > 1 in fit."
        )
    spread: NDArray[np.floating[Any]] = estimator.predict_members(X).std(axis=0)
    return spread


def member_parameters(estimator: Any) -> Sequence[Parameters]:
    """Return the parameters of every member of a fitted network, the whole network if it is one.

    Raises
    ------
    ValueError
        If the members cannot be told apart.
    """
    params, n = fitted_parameters(estimator), estimator.n_members_
    if n == 1:
        return [params]
    known = vars(estimator).get("_members")
    if known is None:
        why = "it was saved by a version that did not keep the output biases of its members"
        if "_members" in vars(estimator):  # from_json has found none
            why = (
                "its JSON has no output biases of its members. to_json writes none if coefs_ was "
                "changed after fit, or if the model is of a version that did not keep them"
            )
        raise ValueError(
            f"The members of this model cannot be told apart: {why}. Fit it again. predict still "
            "works."
        )
    (first, *_, last), (*biases, b) = params
    blocks = in_blocks(params, n).weights[1:-1]
    if any(block.ndim == 2 for block in blocks) or known["weights"] != weights_digest(last):
        raise ValueError(
            "The members of this model cannot be told apart: coefs_ was changed after fit. Either "
            "its last array differs, or weights between members are not zero. predict still works. "
            "For the predictions of members, restore coefs_ or fit again."
        )
    firsts = np.split(first, n, axis=1)
    lasts = np.split(last, n)
    own = [np.split(bias, n) for bias in biases]
    return [
        Parameters(
            [firsts[i], *(block[i] for block in blocks), lasts[i] * last.dtype.type(n)],
            [*(bias[i] for bias in own), b + known["bias"][i].astype(b.dtype)],
        )
        for i in range(n)
    ]
