"""Training curves: loss, score and learning rate of every epoch."""

import math
from typing import Any

import numpy as np

from skscratch.plotting._common import find_network, line_colors, pyplot

__all__ = ["TrainingCurvesDisplay"]

# The columns shown by default, and the panel of each.
PANELS = {
    "loss": "loss",
    "validation_loss": "loss",
    "validation_score": "validation score",
    "learning_rate": "learning rate",
}
PANELS_IN_A_ROW = 3
# On axes that the user passes, a legend names at most this many networks.
FEW = 10
# Limits of a legend beside the axes: names in a column, characters in a name.
NAMES_IN_A_COLUMN, LONGEST_NAME = 30, 60


class TrainingCurvesDisplay:
    """Loss, validation loss, score and learning rate of every epoch, for one or more networks.

    The losses come from ``history_``. They do not include the L2 penalty; ``loss_curve_`` does.

    Parameters
    ----------
    histories : dict of dict of ndarray
        The ``history_`` of each network, as a dict or a DataFrame. The keys are the names of the
        networks. A column 'epoch' holds the epoch numbers. Without it, epochs are numbered from 1.
    best_epochs : dict of int, default=None
        The epoch whose parameters were kept, under the name of the network. Networks for which
        this epoch is unknown are left out.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One panel for the losses, and one for each other column.
    figure_ : matplotlib Figure
    lines_ : dict of list of matplotlib Line2D
        For each column, one line for each network that recorded it.
    best_ : list of matplotlib Line2D
        The points that mark the epochs whose parameters were kept.
    legend_ : matplotlib Legend or None

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : Scores against the number of samples.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.plotting import TrainingCurvesDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> models = {
    ...     f"alpha={alpha}": ScratchMLPClassifier(
    ...         solver="lbfgs", alpha=alpha, tol=0.1, random_state=0
    ...     ).fit(X, y)
    ...     for alpha in (0.01, 1)
    ... }
    >>> display = TrainingCurvesDisplay.from_estimator(models)
    >>> [line.get_label() for line in display.lines_["loss"]]
    ['alpha=0.01', 'alpha=1']
    """

    def __init__(self, *, histories: Any, best_epochs: Any = None) -> None:
        self.histories = histories
        self.best_epochs = best_epochs

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        columns: Any = None,
        ax: Any = None,
        line_kw: dict[str, Any] | None = None,
    ) -> Any:
        """Draw the curves of fitted networks.

        Parameters
        ----------
        estimator : estimator, dict of estimators or list of estimators
            A fitted network, a pipeline that ends in a network, or a search over either. The
            network needs a ``history_``. The keys of a dict are the names of its networks. The
            networks of a list are numbered from 0.
        columns, ax, line_kw : object
            As in ``plot``.

        Returns
        -------
        display : TrainingCurvesDisplay

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.
        NotFittedError
            If an estimator is not fitted.
        TypeError
            If an estimator contains no network.
        ValueError
            If no network recorded a column, or if ``ax`` has another number of axes than panels.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skscratch import ScratchMLPClassifier
        >>> from skscratch.plotting import TrainingCurvesDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> model = ScratchMLPClassifier(solver="lbfgs", tol=0.1, random_state=0)
        >>> model = model.fit(X, y, X_val=X, y_val=y)
        >>> display = TrainingCurvesDisplay.from_estimator(model)
        >>> [axis.get_ylabel() for axis in display.axes_]
        ['loss', 'validation score']
        """
        pyplot(cls)
        if isinstance(estimator, list | tuple):
            estimator = dict(enumerate(estimator))
        elif not isinstance(estimator, dict):
            estimator = {type(estimator).__name__: estimator}
        if not estimator:
            raise ValueError("estimator must be an estimator, or hold at least one. Got none.")
        networks = {str(name): find_network(e, "history_") for name, e in estimator.items()}
        histories = {name: as_table(network) for name, network in networks.items()}
        best = {name: best_epoch(networks[name], table) for name, table in histories.items()}
        best = {name: epoch for name, epoch in best.items() if epoch is not None}
        display = cls(histories=histories, best_epochs=best)
        return display.plot(ax, columns=columns, line_kw=line_kw)

    def plot(
        self, ax: Any = None, *, columns: Any = None, line_kw: dict[str, Any] | None = None
    ) -> Any:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            One Axes for each panel. None creates a figure. On axes that you pass, a legend names
            the networks only if there are at most ten. Every line has its network's name as label.
            Colours come from the current style. In place of matplotlib's default colours, a
            sequence that is safe for colour-blind readers is used.
        columns : str or list of str, default=None
            Columns of ``history_``. The training loss and the validation loss share a panel. None
            shows the losses and the score if they were recorded, and the learning rate if it
            changed. On a single Axes, None shows only the losses.
        line_kw : dict, default=None
            Keyword arguments for ``matplotlib.axes.Axes.plot``.

        Returns
        -------
        display : TrainingCurvesDisplay
            The display itself.

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.
        ValueError
            If no network recorded a column, or if ``ax`` has another number of axes than panels.

        Examples
        --------
        >>> from skscratch.plotting import TrainingCurvesDisplay
        >>> history = {"loss": [2.0, 1.0], "seconds": [0.5, 0.25]}
        >>> display = TrainingCurvesDisplay(histories={"network": history})
        >>> display.plot(columns="seconds").lines_["seconds"][0].get_ydata().tolist()
        [0.5, 0.25]
        """
        plt = pyplot(type(self))
        from matplotlib import cbook

        columns = self._columns(columns, only_losses=ax is not None and np.size(ax) == 1)
        panels = [PANELS.get(name, name.replace("_", " ")) for name in columns]
        names = [*dict.fromkeys(panels)]
        beside = list(self.histories) if ax is None and len(self.histories) > 1 else []
        self.axes_ = _axes(plt, ax, names, beside)
        self.figure_ = self.axes_[0].figure
        where = dict(zip(names, self.axes_, strict=True))
        colors = line_colors(plt, len(self.histories))
        given = cbook.normalize_kwargs(line_kw or {}, plt.Line2D)
        self.lines_: dict[str, list[Any]] = {name: [] for name in columns}
        self.best_: list[Any] = []
        for column, panel in zip(columns, panels, strict=True):
            for (name, table), color in zip(self.histories.items(), colors, strict=True):
                if recorded(table, column):
                    settings = {"color": color, "label": name, **given}
                    self._draw(where[panel], table, column, name, settings)
        for name, axis in where.items():
            axis.set(xlabel="epoch", ylabel=name)
            axis.xaxis.get_major_locator().set_params(integer=True)
        self._add_legend(plt, beside=bool(beside))
        return self

    def _columns(self, columns: Any, only_losses: bool) -> list[str]:
        """Return the columns to show; raise if no network recorded one of them."""
        tables = self.histories.values()
        if columns is None:
            columns = [c for c in PANELS if any(recorded(table, c) for table in tables)]
            if not any(changes(table, "learning_rate") for table in tables):
                columns = [c for c in columns if c != "learning_rate"]
            if only_losses:
                columns = [c for c in columns if PANELS[c] == "loss"]
        shown = [columns] if isinstance(columns, str) else list(map(str, columns))
        if not shown:
            raise ValueError(
                "columns must name a column of history_. Got none, or none on one Axes."
            )
        known = {c for table in tables for c in table if recorded(table, c) and c != "epoch"}
        for column in shown:
            if column not in known:
                hint = ""
                if column in ("validation_loss", "validation_score"):
                    hint = " It needs a validation set: X_val and y_val in fit, or early_stopping."
                raise ValueError(
                    f"columns names {column!r}, which was not recorded.{hint} Recorded were "
                    f"{sorted(known)}."
                )
        return shown

    def _draw(self, axis: Any, table: Any, column: str, name: str, settings: Any) -> None:
        """Draw a column of a network, and mark the epoch whose parameters were kept."""
        x, values = epochs(table), np.asarray(table[column])
        if column == "validation_loss":
            settings = {"linestyle": "--", **settings}
        if len(x) == 1:  # a line through a single point is invisible
            settings = {"marker": "o", **settings}
        (line,) = axis.plot(x, values, **settings)
        self.lines_[column].append(line)
        best = (self.best_epochs or {}).get(name)
        if best is not None and column.startswith("validation"):
            value = values[x == best]
            marks = {"color": line.get_color(), "marker": "o", "linestyle": "none"}
            self.best_ += axis.plot([best] * len(value), value, **marks)

    def _add_legend(self, plt: Any, beside: bool) -> None:
        """Explain colours, dashes and points, where the plot has more than one kind of them."""

        def sample(label: str, **style: Any) -> Any:
            return plt.Line2D([], [], label=label, **style)

        several, handles = len(self.histories) > 1, []
        drawn = {line.get_label(): line for lines in self.lines_.values() for line in lines}
        if beside or (several and len(drawn) <= FEW):
            handles += [sample(_short(name), color=drawn[name].get_color()) for name in drawn]
        one = next(iter(drawn.values())).get_color()
        style = {"color": plt.rcParams["text.color"] if several else one}
        if {"loss", "validation_loss"} <= {*self.lines_}:
            handles.append(sample("training", **style))
            handles.append(sample("validation", linestyle="--", **style))
        if self.best_:
            handles.append(sample("parameters kept", marker="o", linestyle="none", **style))
        self.legend_ = None
        if beside:
            n_cols = math.ceil(len(drawn) / NAMES_IN_A_COLUMN)
            self.legend_ = self.figure_.legend(
                handles=handles, loc="outside right upper", ncols=n_cols, fontsize="small"
            )
        elif handles:
            self.legend_ = self.axes_[0].legend(handles=handles)


def _short(name: str) -> str:
    """Return a name for the legend. A long name is shortened to its beginning and its end."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[-half:]}"


def _axes(plt: Any, ax: Any, panels: list[str], beside: Any) -> Any:
    """Return one Axes per panel: given ones, or those of a new figure with room for a legend."""
    n = len(panels)
    if ax is not None:
        axes = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
        if len(axes) != n:
            raise ValueError(
                f"ax must have one Axes for each of the {n} panels: {', '.join(panels)}. "
                f"Got {len(axes)}."
            )
        return axes
    n_cols = min(n, PANELS_IN_A_ROW)
    n_rows = math.ceil(n / n_cols)
    width, height = max(5.0, 4.2 * n_cols), 3.6 * n_rows
    if beside:
        n_legend_cols = math.ceil(len(beside) / NAMES_IN_A_COLUMN)
        # three more entries explain training, validation and parameters kept
        n_entries = math.ceil((len(beside) + 3) / n_legend_cols)
        width += n_legend_cols * (0.8 + 0.075 * max(len(_short(name)) for name in beside))
        height = max(height, 0.3 + 0.19 * n_entries)
    figure = plt.figure(figsize=(width, height), layout="constrained")
    cells = figure.add_gridspec(n_rows, n_cols)
    return np.array([figure.add_subplot(cells[i // n_cols, i % n_cols]) for i in range(n)])


def as_table(network: Any) -> dict[str, Any]:
    """Return the history with a column of epoch numbers.

    A history of many calls of ``partial_fit`` has only the last epochs.
    """
    n = len(network.history_["loss"])
    return {"epoch": np.arange(n) + network.n_iter_ - n + 1, **network.history_}


def best_epoch(network: Any, table: dict[str, Any]) -> int | None:
    """Return the epoch whose parameters early stopping kept. Of equal scores the latest counts."""
    score = network.best_validation_score_
    if score is None or "validation_score" not in table:
        return None
    rows = np.flatnonzero(table["validation_score"] == score)
    if rows.size and isinstance(network.scoring, str) and network.scoring == "loss":
        losses = table["validation_loss"][rows]
        rows = rows[losses == losses.min()]
    return int(table["epoch"][rows[-1]]) if rows.size else None


def epochs(table: Any) -> Any:
    """Return the epoch numbers of a history."""
    n = len(table[next(iter(table))])
    return np.asarray(table["epoch"]) if "epoch" in table else np.arange(1, n + 1)


def recorded(table: Any, column: str) -> bool:
    """Return whether a history has the column, with at least one number in it."""
    return column in table and not np.isnan(table[column]).all()


def changes(table: Any, column: str) -> bool:
    """Return whether a recorded column is not constant."""
    return recorded(table, column) and np.nanmin(table[column]) < np.nanmax(table[column])
