"""Run the command line with ``python -m cunshi``."""

from cunshi.cli import main

if __name__ == "__main__":
    main()
