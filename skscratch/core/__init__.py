"""The numerical core: arrays in, arrays out. All derivatives are written here, by hand.

Every module of this folder uses these symbols:

=========  ==================  =====================================================
symbol     shape               meaning
=========  ==================  =====================================================
``n``                          samples in the batch
``p, q``                       inputs and outputs of a layer
``X``      (n, p)              inputs, dense or CSR
``W``      (p, q)              weights of a layer
``b``      (q,)                biases of a layer
``z``      (n, q)              pre-activations, ``z = X W + b``; of the last layer: logits
``a``      (n, q)              activations, ``a = f(z)``
``h``      (n, q)              activations after dropout; without dropout, ``h`` is ``a``
``y``      (n,) or (n, q)      targets: class indices, zeros and ones, or numbers
``w``      (n,)                sample weights, divided by their sum; 1/n if all are equal
``delta``  (n, q)              ``dL/dz``
``theta``  (P,)                all parameters as one vector, ``[all W | all b]``
``g``      (P,)                ``dL/dtheta``, laid out like theta
``L``      0-d                 the mean loss of the batch: sum of w · loss
=========  ==================  =====================================================

Several networks can be trained side by side, as the members of an ensemble. The arrays from ``X``
to ``delta`` then have a leading member axis: ``W`` is (members, p, q), ``y`` is (members, n) or
(members, n, q). ``L`` is then the sum of the members' losses. ``g`` therefore holds the gradient of
each member's own loss.

Each pass ``forward`` stands next to its ``backward``. Both write into arrays that the caller
passes. The modules do not check their input, because ``skscratch.estimators`` validates it once.
No module imports scikit-learn.

To read the code, take this order: ``network`` (the two passes on one screen), ``layers``,
``activations``, ``losses``, ``regression_losses``, ``optimizers``.
"""
