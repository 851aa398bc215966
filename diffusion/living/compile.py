"""kernel.c as WebAssembly, by the compiler that the package `ziglang` brings.

Needed by whoever changes the kernel; what it makes is in the repository.
"""

import subprocess
import sys
from pathlib import Path

SWITCHES = ("-target", "wasm32-freestanding", "-O3", "-msimd128", "-nostdlib")
LINKER = "-Wl,--no-entry,--strip-all"  # a library without names, which the page instantiates


def compiled(to: Path) -> None:
    """Compiles the kernel into a file."""
    source = Path(__file__).with_name("kernel.c")
    command = [
        sys.executable,
        "-m",
        "ziglang",
        "cc",
        *SWITCHES,
        LINKER,
        "-o",
        str(to),
        str(source),
    ]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    compiled(Path(sys.argv[1]))
