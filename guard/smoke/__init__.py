"""The smoke runner: the project's code, imported and started in its own interpreter."""
