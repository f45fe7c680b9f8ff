"""`python -m mainline.tether COMMAND`: a command of Mainline that ends when the process that started it is gone.

Whoever starts it holds the other end of its standard input. That end closes with the process, also if it was killed.
"""

import os
import runpy
import signal
import sys
import threading


def watch() -> None:
    """Tell this process to end once its standard input is closed."""

    def wait() -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    watch()
    runpy.run_module("mainline", run_name="__main__", alter_sys=True)
