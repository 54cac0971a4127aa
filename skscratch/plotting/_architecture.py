"""The layers of a network, as a picture and as a table."""

from html import escape
from typing import Any

from skscratch.plotting._figure import fit_text, new_axes, pyplot, size_in_points
from skscratch.plotting._networks import find_network

__all__ = ["ArchitectureDisplay"]

LINES, LINE = 4, 1.4  # of text below a layer; height of one, in sizes of the font
HEADER = ("layer", "units", "activation", "parameters")


class ArchitectureDisplay:
    """The layers of a network: their units, activations and parameters.

    ``print(display)`` writes them as a table; a notebook shows it below the picture.

    Parameters
    ----------
    sizes : list of int
        Units of each layer, inputs and outputs included.
    activations : list of str
        One for each layer but the inputs.

    Attributes
    ----------
    n_parameters : int
        Weights and biases of all layers.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    nodes_ : list of matplotlib PathCollection
        The units drawn of each layer.
    edges_ : list of matplotlib LineCollection
        The lines before each layer but the inputs.
    texts_ : list of matplotlib Text
        What is below each layer.

    See Also
    --------
    FirstLayerWeightsDisplay : What the units of the first layer respond to.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.plotting import ArchitectureDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ScratchMLPClassifier((20, 5), solver="lbfgs", tol=0.1).fit(X, y)
    >>> print(ArchitectureDisplay.from_estimator(model))
    layer     units  activation  parameters
    input         4
    hidden 1     20  relu               100
    hidden 2      5  relu               105
    output        3  softmax             18
    total                               223
    """

    def __init__(self, *, sizes: Any, activations: Any) -> None:
        self.sizes = sizes
        self.activations = activations

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, max_units: int = 10) -> Any:
        """Draw the layers of a fitted network.

        Parameters
        ----------
        estimator : estimator
            A fitted network (what has ``coefs_``, ``MLPClassifier`` too), a pipeline that ends in
            one, or a search for one.
        ax, max_units : object
            As in ``plot``.

        Returns
        -------
        display : ArchitectureDisplay

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install "skscratch[plot]"``.
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If there is no network in it.
        ValueError
            If ``max_units`` is below 2.

        Examples
        --------
        >>> from skscratch import ScratchMLPClassifier
        >>> from skscratch.plotting import ArchitectureDisplay
        >>> model = ScratchMLPClassifier((), solver="lbfgs").fit([[-1.0], [1.0]], [0, 1])
        >>> ArchitectureDisplay.from_estimator(model).n_parameters
        2
        """
        pyplot(cls)
        network = find_network(estimator, "coefs_")
        sizes = [len(network.coefs_[0]), *(W.shape[1] for W in network.coefs_)]
        hidden = network.activation
        if not isinstance(hidden, list | tuple):
            hidden = [hidden] * (len(sizes) - 2)
        activations = [*map(_name, hidden), network.out_activation_]
        return cls(sizes=sizes, activations=activations).plot(ax, max_units=max_units)

    def plot(self, ax: Any = None, *, max_units: int = 10) -> Any:
        """Draw the layers.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; None makes a figure.
        max_units : int, default=10
            The most units to draw of a layer, at least 2; of a larger one the first and the last.

        Returns
        -------
        display : ArchitectureDisplay
            Itself.

        Raises
        ------
        ImportError
            Without matplotlib: ``pip install "skscratch[plot]"``.
        ValueError
            If ``max_units`` is below 2.

        Examples
        --------
        >>> from skscratch.plotting import ArchitectureDisplay
        >>> display = ArchitectureDisplay(sizes=[784, 64, 10], activations=["tanh", "softmax"])
        >>> display = display.plot(max_units=6)
        >>> len(display.nodes_), display.texts_[1].get_text()
        (3, 'hidden 1\\n64 units\\ntanh\\n50,240 parameters')
        """
        if max_units < 2:
            raise ValueError(f"max_units must be at least 2. Got {max_units!r}.")
        n_layers = len(self.sizes)
        width = max(3.5, 0.8 * n_layers, min(16.0, 1.5 * n_layers))
        ax = new_axes(self, ax, (width, 3.6))
        self.ax_, self.figure_ = ax, ax.figure
        diameter = self._write(max(2, min(max(self.sizes), max_units)))
        self.nodes_, self.edges_, before = [], [], None
        for x, n_units in enumerate(self.sizes):
            heights, dots = _heights(n_units, max_units)
            n, d = len(heights), len(dots)
            areas = [diameter**2] * n + [(diameter / 5) ** 2] * d
            nodes = ax.scatter([x] * (n + d), heights + dots, areas, "C0", linewidths=0, zorder=2)
            self.nodes_.append(nodes)
            if before is not None:
                lines = [[(x - 1, y), (x, z)] for y in before for z in heights]
                self.edges_.append(_edges(ax, lines))
            before = heights
        return self

    @property
    def n_parameters(self) -> int:
        """Weights and biases of all layers."""
        return sum((p + 1) * q for p, q in zip(self.sizes, self.sizes[1:], strict=False))

    def __str__(self) -> str:
        rows = [HEADER, *self._rows(), ("total", "", "", f"{self.n_parameters:,}")]
        a, b, c, d = (max(map(len, column)) for column in zip(*rows, strict=True))
        lines = [f"{w:<{a}}  {x:>{b}}  {y:<{c}}  {z:>{d}}" for w, x, y, z in rows]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        rows = [*self._rows(), ("total", "", "", f"{self.n_parameters:,}")]
        head = "".join(f"<th>{name}</th>" for name in HEADER)
        body = "".join(
            f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _rows(self) -> list[tuple[str, str, str, str]]:
        """Return a row of the table for each layer."""
        n_layers = len(self.sizes)
        names = ["input", *(f"hidden {i}" for i in range(1, n_layers - 1)), "output"]
        rows = [(names[0], f"{self.sizes[0]:,}", "", "")]
        for i in range(1, n_layers):
            n_parameters = (self.sizes[i - 1] + 1) * self.sizes[i]
            row = (names[i], f"{self.sizes[i]:,}", self.activations[i - 1], f"{n_parameters:,}")
            rows.append(row)
        return rows

    def _write(self, height: int) -> float:
        """Write below the layers what they are, and limit the axes.

        Parameters
        ----------
        height : int
            The most units one above the other.

        Returns
        -------
        diameter : float
            Of a unit, in points.
        """
        ax, n_layers = self.ax_, len(self.sizes)
        texts = ["\n".join(_description(*row)) for row in self._rows()]
        width, points = size_in_points(ax)
        size, texts = fit_text(texts, 0.95 * width / n_layers)
        text = min(0.6, LINES * LINE * size / points)  # share of the height
        ax.set(
            xlim=(-0.5, n_layers - 0.5),
            ylim=(-height / 2 - height * text / (1 - text), height / 2),
        )
        ax.set_axis_off()
        style = {"ha": "center", "va": "top", "fontsize": size}
        self.texts_ = [ax.text(i, -height / 2, text, **style) for i, text in enumerate(texts)]
        return min(16.0, 0.75 * points * (1 - text) / height, 0.3 * width / n_layers)


def _edges(ax: Any, lines: Any) -> Any:
    from matplotlib.collections import LineCollection

    return ax.add_collection(LineCollection(lines, color="0.75", linewidth=0.4, zorder=1))


def _name(activation: Any) -> str:
    """Return the name of an activation, itself one of an object of a user's own."""
    return activation if isinstance(activation, str) else type(activation).__name__


def _description(name: str, n_units: str, activation: str, n_parameters: str) -> list[str]:
    """Return the lines below a layer."""
    lines = [name, f"{n_units} unit{'s' * (n_units != '1')}", activation]
    return [*lines, f"{n_parameters} parameters"] if n_parameters else lines


def _heights(n_units: int, max_units: int) -> tuple[list[float], list[float]]:
    """Return where to draw units of a layer, and where the dots that stand for the others."""
    if n_units <= max_units:
        return [(n_units - 1) / 2 - i for i in range(n_units)], []
    top = (max_units - 1) / 2
    heights = [top - i for i in range(max_units)]
    # the dots take the place of a unit
    middle = max_units // 2
    y = heights.pop(middle)
    return heights, [y + 0.3, y, y - 0.3]
