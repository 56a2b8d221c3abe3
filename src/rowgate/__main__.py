"""`python -m rowgate`: the same as the command `rowgate`."""

from rowgate.cli.main import main

if __name__ == "__main__":
    main()
