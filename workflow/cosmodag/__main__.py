"""``python -m cosmodag`` is the command line, also where the package is not installed."""

from cosmodag.commands.main import main

if __name__ == "__main__":
    main()
