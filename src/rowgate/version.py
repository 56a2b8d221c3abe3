"""The version of the program, read by the package build, `rowgate --version` and the `Server` header."""

__version__ = "0.1.0"
