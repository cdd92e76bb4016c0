"""SIGTERM and SIGINT as an event."""

import asyncio
import signal


def stop_requested() -> asyncio.Event:
    """Set when the process is asked to stop. Call inside the running loop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
