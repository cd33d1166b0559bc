"""The composition root of both processes: settings, wiring, HTTP, command line. Nobody imports it but `bench`.

Importing it decides how the threads of the models wait for each other, which must be said before torch is loaded.
By default they spin, and as soon as another process wants a core, a thread that spins keeps one from the thread it
waits for: a query then takes 490 ms instead of 29 (docs/decisions.md).
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
