"""Contributions as a figure: the waterfall of one sample, or the swarm of many."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np

from skscratch.inspection._contributions import contributions
from skscratch.plotting._common import new_axes, pyplot

__all__ = ["ContributionsDisplay"]

# Blue lowers a prediction and red raises it; both are distinct to colour-blind readers.
LOWERS, RAISES = "#3f90da", "#bd1f01"
# Width of a swarm, and the number of bins along it in which points are side by side.
WIDTH, PLACES = 0.7, 100


class ContributionsDisplay:
    """A figure of the contributions of columns to predictions.

    The figure of one sample is a waterfall: bars lead from the mean prediction of the background to
    the prediction. The figure of many samples is a swarm: each column has a line, and each sample
    is a point of it, coloured by the value of the column.

    Parameters
    ----------
    contributions : Contributions
        The contributions to one or more outputs.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    features_ : list of str
        Names of the columns that are drawn one by one, the largest contributions first.
    bars_ : matplotlib BarContainer or None
        The bars of a waterfall, from the bottom to the top.
    points_ : list of matplotlib PathCollection or None
        The points of each column in a swarm, in the order of ``features_``.
    colorbar_ : matplotlib Colorbar or None

    See Also
    --------
    contributions : The numbers.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from skscratch import ScratchMLPRegressor
    >>> from skscratch.inspection import ContributionsDisplay, contributions
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = ScratchMLPRegressor(random_state=0).fit(X, y)
    >>> explained = contributions(model, X[:50], X[100:200])
    >>> display = ContributionsDisplay.from_contributions(explained, max_features=3)
    >>> display.features_
    ['bmi', 's5', 'bp']
    >>> ContributionsDisplay.from_contributions(explained, row=0).features_[0]
    'bmi'
    """

    def __init__(self, *, contributions: Any) -> None:
        self.contributions = contributions

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        background: Any,
        *,
        response_method: str = "auto",
        ax: Any = None,
        row: int | None = None,
        output: Any = None,
        max_features: int = 10,
    ) -> Any:
        """Compute and draw the contributions to the predictions of an estimator.

        Parameters
        ----------
        estimator, X, background, response_method : object
            As in ``contributions``.
        ax, row, output, max_features : object
            As in ``plot``.

        Returns
        -------
        display : ContributionsDisplay

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.
        NotFittedError, TypeError, ValueError
            As by ``contributions`` and ``plot``.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skscratch import ScratchMLPClassifier
        >>> from skscratch.inspection import ContributionsDisplay
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> model = ScratchMLPClassifier(random_state=0).fit(X, y)
        >>> display = ContributionsDisplay.from_estimator(model, X, X[::3], output=2)
        >>> display.features_[0]
        'petal width (cm)'
        """
        pyplot(cls)
        explained = contributions(estimator, X, background, response_method=response_method)
        return cls.from_contributions(
            explained, ax=ax, row=row, output=output, max_features=max_features
        )

    @classmethod
    def from_contributions(
        cls,
        contributions: Any,
        *,
        ax: Any = None,
        row: int | None = None,
        output: Any = None,
        max_features: int = 10,
    ) -> Any:
        """Draw contributions that are already computed.

        Parameters
        ----------
        contributions : Contributions
            The result of ``contributions``.
        ax, row, output, max_features : object
            As in ``plot``.

        Returns
        -------
        display : ContributionsDisplay

        Raises
        ------
        ImportError, ValueError
            As by ``plot``.

        Examples
        --------
        >>> import numpy as np
        >>> from skscratch.inspection import Contributions, ContributionsDisplay
        >>> values, one = np.array([[3.0, -1.0]]), np.ones(1)
        >>> explained = Contributions(values, one, values, ["a", "b"], None, one * 0, one)
        >>> display = ContributionsDisplay.from_contributions(explained)
        >>> [float(bar.get_width()) for bar in display.bars_]
        [-1.0, 3.0]
        """
        display = cls(contributions=contributions)
        return display.plot(ax, row=row, output=output, max_features=max_features)

    def plot(
        self,
        ax: Any = None,
        *,
        row: Any = None,
        output: Any = None,
        max_features: Any = 10,
    ) -> Any:
        """Draw the contributions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None creates a figure.
        row : int, default=None
            The sample of a waterfall. None draws a swarm of all samples, or the waterfall of the
            only one.
        output : object, default=None
            The class or the number of the target, an entry of ``output_names``. None is for a
            single output.
        max_features : int, default=10
            Largest number of lines. The last one of a waterfall sums the columns that are left.

        Returns
        -------
        display : ContributionsDisplay
            The display itself.

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.
        ValueError
            If there is no row, or no such row or output, or if ``max_features`` is below 2.

        Examples
        --------
        >>> import numpy as np
        >>> from skscratch.inspection import Contributions, ContributionsDisplay
        >>> values, one = np.array([[3.0, -1.0, 2.0]]), np.ones(1)
        >>> explained = Contributions(values, one, values, ["a", "b", "c"], None, one * 0, one)
        >>> display = ContributionsDisplay(contributions=explained).plot(max_features=2)
        >>> [label.get_text() for label in display.ax_.get_yticklabels()]
        ['2 other columns', 'a = 3']
        """
        most = _whole("max_features", max_features, 2, np.inf)
        explained = self.contributions.output(output)
        n = len(explained)
        if n == 0:
            raise ValueError("contributions must have at least one row. Got 0 rows.")
        if row is not None:
            explained = explained[_whole("row", row, -n, n - 1)]
        size = np.abs(explained.values).mean(axis=0)
        order = np.argsort(-size, kind="stable")
        ax = new_axes(self, ax, (6.4, 1.2 + 0.4 * min(len(order), most)))
        self.ax_: Any = ax
        self.figure_ = ax.figure
        self.bars_: Any = None
        self.points_: Any = None
        self.colorbar_: Any = None
        if len(explained) == 1:
            self._waterfall(explained, order, most)
        else:
            self._swarm(explained, order[:most])
        return self

    def _waterfall(self, explained: Any, order: Any, most: int) -> None:
        """Draw bars from the base value at the bottom to the prediction at the top."""
        ax, values = self.ax_, explained.values[0]
        rest = order[most - 1 :] if len(order) > most else order[:0]
        order = order[: len(order) - len(rest)]
        data = _row(explained.data)
        self.features_ = [explained.feature_names[j] for j in order]
        labels = [f"{explained.feature_names[j]} = {_short(data[j])}" for j in order]
        widths = values[order]
        if len(rest):
            labels.append(f"{len(rest)} other columns")
            widths = np.append(widths, values[rest].sum())
        widths, labels, base = widths[::-1], labels[::-1], float(explained.base_values[0])
        starts = base + np.cumsum(widths) - widths
        end = base + float(widths.sum())
        places = np.arange(len(widths))
        colors = np.where(widths < 0, LOWERS, RAISES)
        self.bars_ = ax.barh(places, widths, left=starts, color=colors, height=0.7)
        ax.bar_label(self.bars_, [f"{width:+.3g}" for width in widths], padding=3, fontsize=9)
        ax.vlines(starts[1:], places[:-1], places[1:], color="0.5", linewidth=0.8)
        ax.axvline(base, color="0.5", linestyle=":", linewidth=1)
        ax.axvline(end, color="0.2", linestyle=":", linewidth=1)
        ax.set_yticks(places, labels)
        low, high = min(base, *starts, end), max(base, *starts, end)
        room = 0.2 * (high - low) or 1.0  # for the numbers at the bars
        ax.set_xlim(low - room, high + room)
        ax.set_xlabel(f"from the background's mean {base:.4g} to the prediction {end:.4g}")

    def _swarm(self, explained: Any, order: Any) -> None:
        """Draw a line of points for each column, the largest contributions at the top."""
        ax, data = self.ax_, explained.data
        self.features_ = [explained.feature_names[j] for j in order]
        low, high = explained.values.min(), explained.values.max()
        ax.axvline(0, color="0.5", linewidth=0.8, zorder=0)
        self.points_ = []
        for place, j in enumerate(order):
            x = explained.values[:, j]
            y = -place + _spread(x, low, high)
            shade = _ranks(data[:, [j]].toarray() if hasattr(data, "toarray") else data[:, [j]])
            color = {"color": "0.5"} if shade is None else {"c": shade, "cmap": "viridis"}
            limits = {} if shade is None else {"vmin": 0, "vmax": 1}
            points = ax.scatter(x, y, s=12, linewidths=0, **color, **limits)
            self.points_.append(points)
        ax.set_yticks(-np.arange(len(order)), self.features_)
        ax.set_ylim(-len(order) + 0.5, 0.5)
        ax.set_xlabel("contribution to the prediction")
        shaded = [points for points in self.points_ if points.get_array() is not None]
        if shaded:
            bar = ax.figure.colorbar(shaded[0], ax=ax, ticks=[0, 1], label="value of the column")
            bar.ax.set_yticklabels(["low", "high"])
            self.colorbar_ = bar


def _whole(name: str, value: Any, low: float, high: float) -> int:
    """Return a whole number between two bounds."""
    if isinstance(value, bool) or not isinstance(value, Integral) or not low <= int(value) <= high:
        limits = f"from {low} to {high}" if np.isfinite(high) else f"of at least {low}"
        raise ValueError(f"{name} must be a whole number {limits}. Got {value!r}.")
    return int(value)


def _spread(x: Any, low: float, high: float) -> Any:
    """Return heights in -WIDTH / 2 to WIDTH / 2, such that points with similar x do not overlap."""
    bins = np.zeros(len(x), int)
    if high > low:
        bins = ((x - low) / (high - low) * PLACES).astype(int)
    order = np.argsort(bins, kind="stable")
    counts = np.bincount(bins)
    starts = np.cumsum(counts) - counts
    rank = np.empty(len(x), int)
    rank[order] = np.arange(len(x)) - starts[bins[order]]
    # 0, 1, -1, 2, -2 and so on around the line
    side = (rank + 1) // 2 * np.where(rank % 2, 1, -1)
    return side * WIDTH / max(counts.max(), 8)


def _ranks(column: Any) -> Any:
    """Return ranks of numbers from 0 to 1, NaN where a number is missing; None for other values."""
    column = np.ravel(column)
    if not all(isinstance(value, (Real, np.bool_)) for value in column.tolist()):
        return None
    numbers = column.astype(float)
    known = ~np.isnan(numbers)
    _, inverse = np.unique(numbers[known], return_inverse=True)
    ranks = np.full(len(numbers), np.nan)
    ranks[known] = inverse / max(1, inverse.max(initial=0))
    return ranks


def _row(data: Any) -> Any:
    """Return the values of the only sample."""
    return (data.toarray() if hasattr(data, "toarray") else np.asarray(data))[0]


def _short(value: Any) -> str:
    """Return a value as a label: numbers with four digits, other values up to 20 characters."""
    if isinstance(value, Real):
        return f"{value:.4g}"
    text = str(value)
    return text if len(text) <= 20 else f"{text[:19]}…"
