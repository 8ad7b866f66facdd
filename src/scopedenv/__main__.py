"""``python -m scopedenv``: see :mod:`scopedenv.cli`."""

import sys

from scopedenv.cli import main

sys.exit(main())
