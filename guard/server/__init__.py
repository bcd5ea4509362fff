"""The door of a plain git server: the hooks ``pre-receive`` and ``post-receive``.

githooks(5) and git-receive-pack(1) say what git promises to them, and that it keeps new objects in
quarantine until ``pre-receive`` has agreed.
"""
