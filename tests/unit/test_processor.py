"""Settings of Xeon Phi: made where they must be, and obeyed by numba and torch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cosmodag import processor
from cosmodag.errors import InputError
from cosmodag.processor import NEEDED, Processor

PHI = Processor("Intel(R) Xeon Phi(TM) CPU 7250", 6, 87, frozenset({*NEEDED, "avx512f"}))
HASWELL = Processor("Intel(R) Xeon(R) CPU E5-2698 v3", 6, 63, frozenset(NEEDED))
OLD = Processor("Intel(R) Xeon(R) CPU E5-2670", 6, 45, frozenset({"avx"}))


def test_this_node_s_processor_is_read(tmp_path):
    path = tmp_path / "cpuinfo"
    first = "cpu family\t: 6\nmodel\t\t: 87\nmodel name\t: Xeon Phi\nflags\t\t: fma avx2\n"
    path.write_text(f"{first}power management:\n\n{first.replace('87', '63')}\n")
    read = processor.read_processor(path)
    assert read == Processor("Xeon Phi", 6, 87, frozenset({"fma", "avx2"}))
    assert read.is_xeon_phi


def test_a_system_that_describes_no_processor_is_no_xeon_phi(tmp_path):
    assert processor.read_processor(tmp_path / "nothing") is None
    (tmp_path / "arm").write_text("BogoMIPS\t: 50\n")
    assert processor.read_processor(tmp_path / "arm") is None


def test_settings_are_made_on_a_xeon_phi_and_nowhere_else():
    environment = {"KMP_BLOCKTIME": "0"}
    processor.prepare(HASWELL, environment)
    assert environment == {"KMP_BLOCKTIME": "0"}
    processor.prepare(PHI, environment)
    assert environment == {**processor.SETTINGS, "KMP_BLOCKTIME": "0"}, "the user's own stays"


def test_a_processor_that_cannot_run_the_code_is_named():
    with pytest.raises(InputError, match=r"E5-2670\) lacks avx2, bmi1, bmi2, f16c, fma, movbe"):
        processor.prepare(OLD, {processor.VARIABLE: "xeonphi"})
    with pytest.raises(InputError, match="COSMODAG_PROCESSOR=knl: choose xeonphi"):
        processor.prepare(HASWELL, {processor.VARIABLE: "knl"})


@pytest.mark.slow
def test_numba_and_torch_use_no_instruction_that_a_xeon_phi_lacks(tmp_path):
    here = processor.read_processor()
    if here is None or not here.flags >= NEEDED:
        pytest.skip("this machine lacks instructions that Xeon Phi has")
    lines = (
        "import os\n"
        "from cosmodag import processor\n"
        "processor.prepare(processor.read_processor())\n"
        "processor.use_threads(3)\n"
        "import numba, numpy as np, torch\n"
        "@numba.njit(fastmath=True)\n"
        "def total(x):\n"
        "    s = 0.0\n"
        "    for i in range(x.size):\n"
        "        s += x[i] * x[i]\n"
        "    return s\n"
        "total(np.ones(1000))\n"
        "code = ''.join(total.inspect_asm().values())\n"
        "print('zmm' in code, 'ymm' in code, torch.backends.cpu.get_cpu_capability(),"
        " numba.config.NUMBA_NUM_THREADS)\n"
    )
    environment = {**os.environ, processor.VARIABLE: "xeonphi"}
    done = subprocess.run(
        [sys.executable, "-c", lines], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["False", "True", "AVX2", "3"], done.stderr


@pytest.fixture
def read_only() -> Path:
    """A folder in which no file can be made, not even by root."""
    return Path("/proc/self/task")


def test_compiled_code_is_kept_where_a_folder_can_be_written_to(tmp_path, read_only):
    caches = {"XDG_CACHE_HOME": str(tmp_path / "caches")}
    for package, environment in (
        (tmp_path, {"XDG_CACHE_HOME": str(read_only)}),
        (read_only, dict(caches)),
        (read_only, {"XDG_CACHE_HOME": str(read_only), "NUMBA_CACHE_DIR": "own"}),
    ):
        before = dict(environment)
        processor.cache_compiled_code(package, environment)
        assert environment == before


def test_compiled_code_is_kept_in_a_folder_of_the_process_where_all_else_is_read_only(read_only):
    environment = {"XDG_CACHE_HOME": str(read_only)}
    processor.cache_compiled_code(read_only, environment)
    folder = Path(environment["NUMBA_CACHE_DIR"])
    assert folder.stat().st_mode & 0o077 == 0
    assert folder.is_dir()
