"""`python -m rowgate`: the same as the command `rowgate`."""

import sys

from rowgate.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
