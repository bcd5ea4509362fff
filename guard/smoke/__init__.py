"""Run a project's own code, contained, in its own interpreter; say what was observed."""
