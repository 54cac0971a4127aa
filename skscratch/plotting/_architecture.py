"""The layers of a network, as a picture and as a table."""

from html import escape
from typing import Any

from skscratch.plotting._common import find_network, fit_text, new_axes, pyplot, size_in_points

__all__ = ["ArchitectureDisplay"]

LINE = 1.4  # height of a line of text below a layer, as a multiple of the font size
GAP = 1.0  # space between members, as a multiple of the distance between units
HEADER = ("layer", "units", "activation", "parameters")


class ArchitectureDisplay:
    """The layers of a network: their units, activations and parameters.

    ``print(display)`` prints the layers as a table. A notebook shows the table below the picture.
    The ensemble members of a network (see ``n_members`` of ``ScratchMLPClassifier``) are drawn as
    separate blocks. No weights connect the hidden units of different members, so no lines do.

    Parameters
    ----------
    sizes : list of int
        Number of units in each layer, including the input and output layers.
    activations : list of str
        Name of the activation of each layer except the input layer.
    n_members : int, default=1
        Number of ensemble members that share the hidden units equally.

    Attributes
    ----------
    n_parameters : int
        Number of weights and biases in all layers. The zero weights between members are not
        counted.
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    nodes_ : list of matplotlib PathCollection
        The units drawn for each layer.
    edges_ : list of matplotlib LineCollection
        The lines that lead into each layer except the input layer.
    texts_ : list of matplotlib Text
        The text below each layer.

    See Also
    --------
    FirstLayerWeightsDisplay : The weights of the first layer as images.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skscratch import ScratchMLPClassifier
    >>> from skscratch.plotting import ArchitectureDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = ScratchMLPClassifier((20, 5), solver="lbfgs", tol=0.1, random_state=0).fit(X, y)
    >>> print(ArchitectureDisplay.from_estimator(model))
    layer     units  activation  parameters
    input         4
    hidden 1     20  relu               100
    hidden 2      5  relu               105
    output        3  softmax             18
    total                               223

    The default network has eight members, each with hidden layers of 32 and 16 units:

    >>> print(ArchitectureDisplay.from_estimator(ScratchMLPClassifier().fit(X, y)))
    layer         units  activation  parameters
    input             4
    hidden 1        256  relu             1,280
    hidden 2        128  relu             4,224
    output            3  softmax            387
    total     8 members                   5,891
    """

    def __init__(self, *, sizes: Any, activations: Any, n_members: int = 1) -> None:
        self.sizes = sizes
        self.activations = activations
        self.n_members = n_members

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None, max_units: int = 10) -> Any:
        """Draw the layers of a fitted network.

        Parameters
        ----------
        estimator : estimator
            A fitted network, a pipeline that ends in a network, or a search over either. Any
            estimator with ``coefs_`` is a network here, ``MLPClassifier`` included.
        ax, max_units : object
            As in ``plot``.

        Returns
        -------
        display : ArchitectureDisplay

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.
        NotFittedError
            If the estimator is not fitted.
        TypeError
            If the estimator contains no network.
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
        sizes = [len(network.coefs_[0]), *map(len, network.intercepts_)]
        # the parameter may have been set to another value since the fit
        hidden = getattr(network, "_activation", network.activation)
        if not isinstance(hidden, list | tuple):
            hidden = [hidden] * (len(sizes) - 2)
        activations = [*map(_name, hidden), network.out_activation_]
        n_members = getattr(network, "n_members_", 1)
        display = cls(sizes=sizes, activations=activations, n_members=n_members)
        return display.plot(ax, max_units=max_units)

    def plot(self, ax: Any = None, *, max_units: int = 10) -> Any:
        """Draw the layers.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw. None creates a figure.
        max_units : int, default=10
            Maximum number of units drawn for a layer, at least 2. Of a larger layer, the first and
            the last units are drawn. Of many members, the first and the last members are drawn.

        Returns
        -------
        display : ArchitectureDisplay
            The display itself.

        Raises
        ------
        ImportError
            Without matplotlib, which the extra ``plot`` installs.
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
        columns = [_column(n, self._members_of(i), max_units) for i, n in enumerate(self.sizes)]
        diameter = self._write(max(2.0, *(height for *_, height in columns)))
        self.nodes_, self.edges_, before = [], [], None
        for x, (blocks, dots, _) in enumerate(columns):
            heights = [y for block in blocks for y in block]
            n, d = len(heights), len(dots)
            areas = [diameter**2] * n + [(diameter / 5) ** 2] * d
            nodes = ax.scatter([x] * (n + d), heights + dots, areas, "C0", linewidths=0, zorder=2)
            self.nodes_.append(nodes)
            if before is not None:
                self.edges_.append(_edges(ax, x, *_alike(before, blocks)))
            before = blocks
        return self

    def _members_of(self, i: int) -> int:
        """Return the number of members that share the units of a layer."""
        return self.n_members if 0 < i < len(self.sizes) - 1 else 1

    def _parameters_of(self, i: int) -> int:
        """Return the number of weights and biases of a layer."""
        p, q = self.sizes[i - 1 : i + 1]
        return int(p * q // min(self._members_of(i - 1), self._members_of(i)) + q)

    @property
    def n_parameters(self) -> int:
        """Number of weights and biases in all layers."""
        return sum(map(self._parameters_of, range(1, len(self.sizes))))

    def __str__(self) -> str:
        rows = [HEADER, *self._rows(), self._total()]
        a, b, c, d = (max(map(len, column)) for column in zip(*rows, strict=True))
        lines = [f"{w:<{a}}  {x:>{b}}  {y:<{c}}  {z:>{d}}" for w, x, y, z in rows]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        rows = [*self._rows(), self._total()]
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
            n_parameters = f"{self._parameters_of(i):,}"
            rows.append((names[i], f"{self.sizes[i]:,}", self.activations[i - 1], n_parameters))
        return rows

    def _total(self) -> tuple[str, str, str, str]:
        members = f"{self.n_members} members" if self.n_members != 1 else ""
        return "total", members, "", f"{self.n_parameters:,}"

    def _write(self, height: float) -> float:
        """Write the text below each layer, and set the limits of the axes.

        Parameters
        ----------
        height : float
            Height of the tallest layer, as a multiple of the distance between units.

        Returns
        -------
        diameter : float
            Diameter of a unit, in points.
        """
        ax, n_layers = self.ax_, len(self.sizes)
        members = [self._members_of(i) for i in range(n_layers)]
        texts = [
            "\n".join(_description(*row, m)) for row, m in zip(self._rows(), members, strict=True)
        ]
        n_lines = 1 + max(text.count("\n") for text in texts)
        width, points = size_in_points(ax)
        size, texts = fit_text(texts, 0.95 * width / n_layers)
        text = min(0.6, n_lines * LINE * size / points)  # fraction of the height for the text
        ax.set(
            xlim=(-0.5, n_layers - 0.5),
            ylim=(-height / 2 - height * text / (1 - text), height / 2),
        )
        ax.set_axis_off()
        style = {"ha": "center", "va": "top", "fontsize": size}
        self.texts_ = [ax.text(i, -height / 2, text, **style) for i, text in enumerate(texts)]
        return min(16.0, 0.75 * points * (1 - text) / height, 0.3 * width / n_layers)


def _edges(ax: Any, x: int, before: Any, blocks: Any) -> Any:
    """Draw lines from every unit of a block to every unit of the next layer's block."""
    from matplotlib.collections import LineCollection

    pairs = zip(before, blocks, strict=True)
    lines = [[(x - 1, y), (x, z)] for units, after in pairs for y in units for z in after]
    return ax.add_collection(LineCollection(lines, color="0.75", linewidth=0.4, zorder=1))


def _alike(before: Any, blocks: Any) -> tuple[Any, Any]:
    """Return the blocks of two layers, merged into one block each if their numbers differ."""
    if len(before) == len(blocks):
        return before, blocks
    before, blocks = ([[y for block in part for y in block]] for part in (before, blocks))
    return before, blocks


def _name(activation: Any) -> str:
    """Return the name of an activation: a string itself, or the class name of an object."""
    return activation if isinstance(activation, str) else type(activation).__name__


def _description(
    name: str, n_units: str, activation: str, n_parameters: str, n_members: int
) -> list[str]:
    """Return the lines below a layer."""
    lines = [name, f"{n_units} unit{'s' * (n_units != '1')}"]
    lines += [f"{n_members} members"] * (n_members != 1)
    return [*lines, activation, *[f"{n_parameters} parameters"] * bool(n_parameters)]


def _column(
    n_units: int, n_members: int, max_units: int
) -> tuple[list[list[float]], list[float], float]:
    """Return the heights of the units of each member, those of the dots, and the total height.

    The dots stand for units or members that are not drawn.
    """
    shown, most = n_members, max_units // n_members
    if n_members > 1 and most < 3:  # not enough for two units and dots in each member
        shown = max(1, max_units // 5)
        most = max_units // shown
    units, inner = _heights(n_units // n_members, most)
    extent = min(n_units // n_members, most)
    blocks, dots, end = [], [], 0.0
    for i in range(shown):
        center = end - extent / 2
        blocks.append([center + y for y in units])
        dots += [center + y for y in inner]
        end -= extent
        if shown < n_members and i == max(0, shown - 2):
            dots += _dots(end - GAP)
            end -= GAP
        end -= GAP * (i < shown - 1 or shown == 1 < n_members)
    return [[y - end / 2 for y in block] for block in blocks], [y - end / 2 for y in dots], -end


def _dots(y: float) -> list[float]:
    return [y + 0.3, y, y - 0.3]


def _heights(n_units: int, max_units: int) -> tuple[list[float], list[float]]:
    """Return the heights of the units drawn, and those of the dots that stand for the others."""
    if n_units <= max_units:
        return [(n_units - 1) / 2 - i for i in range(n_units)], []
    top = (max_units - 1) / 2
    heights = [top - i for i in range(max_units)]
    # the dots replace the middle unit
    middle = max_units // 2
    y = heights.pop(middle)
    return heights, _dots(y)
