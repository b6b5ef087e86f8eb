"""`python -m monogram`."""

from monogram.cli.main import main

if __name__ == "__main__":
    main()
