"""`python -m dejavu_flyte status` is `flyte team-cache status`."""

import sys

from flyte.cli.main import main

if __name__ == "__main__":
    main(args=["team-cache", *sys.argv[1:]], prog_name="flyte")
