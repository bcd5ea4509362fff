"""Which annotations of a project something resolves at run time: machinery of one rule.

``files`` (on ``text``, bytes) tells whether any file matters, ``choice`` which ones. ``shapes``
writes down what stands in one of them (``walk``, ``record``). ``symbols`` says what a name stands
for, ``calls``, ``hooks`` and ``decorators`` what looks at it, ``application`` which annotations
that resolves, and ``evaluation`` asks them in turn.
"""
