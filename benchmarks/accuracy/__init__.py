"""Settings of ScratchMLPClassifier compared on tables. No setting is tuned to a table.

``candidates`` defines the settings, and ``data`` the tables. ``fits`` measures. ``summary`` and
``choice`` compute the results. ``report`` and ``figure`` show them.
"""
