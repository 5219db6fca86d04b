"""Memory that is freed stays with a process that asks for it."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from cosmodag.memory import keep_freed_memory

assert keep_freed_memory()
np.ones(50_000_000, np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    np.ones(50_000_000, np.uint8)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_freed_memory_is_not_zeroed_anew():
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    pages = 10 * 50_000_000 // 4096
    assert int(done.stdout) < pages / 100
