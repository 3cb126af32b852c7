"""Write, as a tar on stdout, the smallest root file system that runs this Python and its standard library.

`bitsec-eval image build` runs this file in a throwaway container of a full system (python:3.11-slim, or Debian
packages where no registry answers) and imports the tar as the sandbox image; without an engine it runs in a chroot.
Packing by what is kept, not by what is removed, makes both bases come out alike: an interpreter, its modules with
their bytecode, the shared libraries these load, /bin/sh for os.system, and time zones.
No package tool, no third-party folder, no set-user-id file and no other program gets in.
"""

import compileall
import io
import os
import pathlib
import py_compile
import re
import stat
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterable, Iterator

# Left out of either base, so that an agent finds the same modules whichever one the image came from.
CARRIES_PIP = {"ensurepip"}
NEEDS_A_DISPLAY = {"_tkinter", "idlelib", "tkinter", "turtle", "turtledemo"}
NEEDS_A_RARE_LIBRARY = {"_dbm", "_gdbm", "nis"}  # dbm falls back to dbm.dumb
NO_STANDARD_MODULE = {"_distutils_system_mod", "dist-packages", "site-packages", "sitecustomize", "test"}
LEFT_OUT = CARRIES_PIP | NEEDS_A_DISPLAY | NEEDS_A_RARE_LIBRARY | NO_STANDARD_MODULE
TEST_EXTENSION = re.compile(r"_?xx|_test|_ctypes_test")
BUILD_FOLDER = re.compile(r"config-\d")

SITECUSTOMIZE = ""
"""The text of sitecustomize.py, which is put here before this program is sent to where it runs."""

GUESTS = range(20_000, 60_000)
"""The users of sandboxes, each of whom has a name: the same one, so that it tells nothing."""

WRITTEN = {
    "/etc/passwd": "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
    + "".join(f"agent:x:{uid}:{uid}::/tmp:/bin/sh\n" for uid in GUESTS),
    "/etc/group": "root:x:0:\nnogroup:x:65534:\n" + "".join(f"agent:x:{uid}:\n" for uid in GUESTS),
    "/etc/hosts": "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost ip6-loopback\n",
    "/etc/hostname": "sandbox\n",
    "/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\n",
}
FOLDERS = {"/tmp": 0o1777, "/dev": 0o755, "/proc": 0o755, "/sys": 0o755, "/run": 0o755, "/workspace": 0o755}  # noqa: S108

LINKS = {"/app/project_code": "/workspace"}
"""Where agents written for Bitsec's sandbox look for the project."""


def is_left_out(name: str) -> bool:
    """Whether a file or folder directly in the standard library (or its lib-dynload) stays behind."""
    module = name.partition(".")[0]
    return module in LEFT_OUT or bool(TEST_EXTENSION.match(module) or BUILD_FOLDER.match(name))


def library_files(library: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield the source, extension and text files of the standard library that go into the image."""
    for folder, subfolders, names in os.walk(library):
        here = pathlib.Path(folder)
        if here == library or here.name == "lib-dynload":
            subfolders[:] = [name for name in subfolders if not is_left_out(name)]
            names = [name for name in names if not is_left_out(name)]
        subfolders[:] = [name for name in subfolders if name not in ("__pycache__", "test", "tests")]
        yield from (here / name for name in names if not name.endswith(".pyc"))


def compiled(source: pathlib.Path) -> pathlib.Path:
    """Compile one module; its bytecode never looks at the source's date, which a copied image may change."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_file(source, quiet=2, invalidation_mode=mode, force=True)
    return source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"


def bytecode_of(text: str, name: str) -> bytes:
    """Return the bytecode of a module that is in no folder yet."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder, "module.py"), pathlib.Path(folder, "module.pyc")
        source.write_text(text)
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(str(source), str(target), name, doraise=True, invalidation_mode=mode)
        return target.read_bytes()


def loader() -> str:
    """Path of the dynamic loader that runs this process; a chroot has no /proc to ask."""
    maps = pathlib.Path("/proc/self/maps")
    if maps.exists():
        return next(line.split()[-1] for line in maps.read_text().splitlines() if "/ld-" in line)
    return str(next(path for name in ("lib64", "lib") for path in pathlib.Path("/", name).glob("ld-linux*.so*")))


def shared_libraries(binary: pathlib.Path) -> set[pathlib.Path]:
    """Every library the loader would map for a program or extension, itself included, by the paths it names."""
    done = subprocess.run([loader(), "--list", binary], check=True, capture_output=True, text=True)  # noqa: S603
    # Normalised, since a library beside the program is named by way of it: /usr/local/bin/../lib/libpython3.11.so.1.0
    return {pathlib.Path(os.path.normpath(word)) for word in done.stdout.split() if word.startswith("/")}


def zone_files() -> Iterator[pathlib.Path]:
    """Yield the time zone files, without the copies that count leap seconds."""
    zones = pathlib.Path("/usr/share/zoneinfo")
    copies = (zones / "posix", zones / "right")
    for found in sorted(zones.rglob("*")):
        if found.is_file() and not any(found.is_relative_to(copy) for copy in copies):
            yield found


def locale_files() -> Iterator[pathlib.Path]:
    """Yield the files of the locale that LANG names."""
    yield from (path for path in pathlib.Path("/usr/lib/locale/C.utf8").rglob("*") if path.is_file())


def wanted_files() -> set[pathlib.Path]:
    """Every file of this system that goes into the image; some paths lead through symbolic links."""
    python = pathlib.Path(sys.executable).resolve()
    shell = pathlib.Path("/bin/sh")
    modules = set(library_files(pathlib.Path(sysconfig.get_path("stdlib"))))
    binaries = {python, shell} | {path for path in modules if path.suffix == ".so"}
    libraries = set[pathlib.Path]().union(*map(shared_libraries, binaries))
    # pthread_exit loads it by name, so no binary's list has it.
    unwinder = {path.parent / "libgcc_s.so.1" for path in libraries if path.name == "libc.so.6"}
    bytecode = {compiled(path) for path in modules if path.suffix == ".py"}
    found = {*(path for path in bytecode if path.exists()), *zone_files(), *locale_files()}
    return binaries | libraries | unwinder | modules | found


def steps(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yield a file's folders, the links on the way to it and the file, by paths without links in their parents."""
    walked = pathlib.Path("/")
    parts = list(path.parts[1:])
    while parts:
        walked = walked / parts.pop(0)
        yield walked
        if walked.is_symlink():
            target = os.path.normpath(walked.parent / walked.readlink())
            parts = list(pathlib.Path(target).parts[1:]) + parts
            walked = pathlib.Path("/")


def entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    """An entry of root's, without a date, so that the same files make the same image."""
    made = tarfile.TarInfo(name.lstrip("/"))
    made.type, made.mode = kind, mode
    return made


def add_found(tar: tarfile.TarFile, path: pathlib.Path) -> None:
    """Add one file, folder or link of this system, with no other permission than to read and to run it."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        link = entry(str(path), tarfile.SYMTYPE, 0o777)
        link.linkname = str(path.readlink())
        tar.addfile(link)
    elif stat.S_ISDIR(status.st_mode):
        tar.addfile(entry(str(path), tarfile.DIRTYPE, 0o755))
    else:
        add_bytes(tar, str(path), path.read_bytes(), 0o755 if status.st_mode & 0o100 else 0o644)


def add_bytes(tar: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    """Add a file with the given content."""
    made = entry(name, tarfile.REGTYPE, mode)
    made.size = len(content)
    tar.addfile(made, io.BytesIO(content))


def add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    """Add a symbolic link."""
    link = entry(name, tarfile.SYMTYPE, 0o777)
    link.linkname = target
    tar.addfile(link)


def add_interpreter_names(tar: tarfile.TarFile, taken: Iterable[pathlib.Path]) -> None:
    """Add python3 and python, beside the interpreter and in /usr/bin, wherever it lives."""
    python = pathlib.Path(sys.executable).resolve()
    for folder in sorted({python.parent, pathlib.Path("/usr/bin")}):
        for name in ("python", "python3"):
            if folder / name not in taken:
                add_link(tar, str(folder / name), str(python))


def main() -> None:
    """Pack this system."""
    paths = {step for path in wanted_files() for step in steps(path)}
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(paths):
            add_found(tar, path)
        add_interpreter_names(tar, paths)
        for name, mode in FOLDERS.items():
            tar.addfile(entry(name, tarfile.DIRTYPE, mode))
        for name, target in LINKS.items():
            add_link(tar, name, target)
        site = f"{sysconfig.get_path('stdlib')}/sitecustomize.py"
        for name, text in {**WRITTEN, site: SITECUSTOMIZE}.items():
            add_bytes(tar, name, text.encode())
        cached = f"__pycache__/sitecustomize.{sys.implementation.cache_tag}.pyc"
        add_bytes(tar, f"{sysconfig.get_path('stdlib')}/{cached}", bytecode_of(SITECUSTOMIZE, site))


if __name__ == "__main__":
    main()
