"""The composition root of both processes: settings, wiring, HTTP, command line. Nobody imports it but `bench`.

Importing it decides how the threads of the models wait for each other, which must be said before torch is loaded.
By default they spin for milliseconds, and as soon as another process wants a core, a thread that spins keeps one from
the thread it waits for. Where they sleep at once, waking them for the next product doubles the time of a step of
decoding. So they spin for about 0.1 ms, longer than it takes from one product of a step to the next
(docs/decisions.md).
"""

import os

os.environ.setdefault("GOMP_SPINCOUNT", "10000")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # for other implementations, which do not know the first
