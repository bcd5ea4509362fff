"""Which annotations of a project something resolves at run time: machinery of one rule.

``text`` (bytes) and ``files`` choose the files that matter, ``shapes`` writes down what stands in
one of them, ``symbols``, ``calls`` and ``evaluation`` link the shapes.
"""
