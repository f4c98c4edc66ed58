import sys

from wxgate_client.cli import main

sys.exit(main())
