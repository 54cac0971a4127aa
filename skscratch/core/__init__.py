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
``xp``                         the array namespace (NumPy)
=========  ==================  =====================================================

Where several networks are trained side by side, the arrays from ``X`` to ``delta`` have one more
axis in front, that of the members: ``W`` is (members, p, q), ``y`` is (members, n) or
(members, n, q). ``L`` is then the sum of their losses, so that ``g`` holds the gradient of each.

Pairs of passes, ``forward`` and ``backward``, stand next to each other and write into arrays
that they are given. The floor trusts its input: validation happens once, at the door, in
``skscratch.estimators``. It never imports scikit-learn.

Read on in this order: ``network`` (the two passes on one screen), ``linear``, ``activations``,
``losses``, ``optimizers``, ``steps``.
"""
