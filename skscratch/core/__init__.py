"""Floor 0: arrays in, arrays out. Everything differentiable is written here, by hand.

The legend, which every module of this floor follows:

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
``h``      (n, q)              activations after dropout; ``a`` where there is none
``y``      (n,) or (n, q)      targets: class indices for softmax, zeros and ones for logistic
``w``      (n,)                sample weights, divided by their sum: 1/n each if all count alike
``delta``  (n, q)              ``dL/dz``
``theta``  (P,)                all parameters flat, ``[all W | all b]``
``g``      (P,)                ``dL/dtheta``, laid out like theta
``L``      0-d                 the loss, a mean over the batch: sum of w · loss
=========  ==================  =====================================================

Several networks can be trained side by side, as the members of an ensemble. The arrays from ``X``
to ``delta`` then have one more axis in front: ``W`` is (members, p, q), ``y`` is (members, n) or
(members, n, q). ``L`` is then the sum of the members' losses, so ``g`` holds the gradient of each.

Each pass ``forward`` stands next to its ``backward``. Both write into arrays that they are given.
These modules trust their input, because ``skscratch.estimators`` validates it once. They never
import scikit-learn.

Read on in this order: ``network`` (the two passes on one screen), ``layers``, ``activations``,
``losses``, ``optimizers``.
"""
