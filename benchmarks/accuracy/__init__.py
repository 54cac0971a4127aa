"""Lines of parameters for ScratchMLPClassifier side by side on tables, none tuned to a table.

``candidates`` says what is compared, ``data`` with which rows, ``fits`` measures, ``summary`` and
``choice`` condense, ``report`` and ``figure`` show.
"""
