"""The command line: one small module per group of commands. ``app.run`` is its entry."""
