"""The modules an agent may import: what Python 3.11's standard library offers in the sandbox image.

Written by script/image-modules from a container; the list is frozen, since the hub runs on another Python.
"""

# Python 3.11 names these too, but they are in no sandbox image, whether packed out of python:3.11-slim or of Debian's
# packages (bitsec_eval/sandbox/image/pack.py leaves out what only one of them has):
#   ensurepip                                                  carries pip
#   _tkinter idlelib tkinter turtle turtledemo                 need a display
#   _dbm _gdbm nis                                             need libraries that only some builds have
#   _msi _overlapped _winapi msilib msvcrt nt winreg winsound  Windows
#   _scproxy                                                   macOS
STDLIB_MODULES = frozenset(
    """
    __future__ _abc _aix_support _ast _asyncio _bisect _blake2 _bootsubprocess _bz2 _codecs _codecs_cn
    _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections _collections_abc _compat_pickle
    _compression _contextvars _crypt _csv _ctypes _curses _curses_panel _datetime _decimal _elementtree
    _frozen_importlib _frozen_importlib_external _functools _hashlib _heapq _imp _io _json _locale _lsprof
    _lzma _markupbase _md5 _multibytecodec _multiprocessing _opcode _operator _osx_support _pickle
    _posixshmem _posixsubprocess _py_abc _pydecimal _pyio _queue _random _sha1 _sha256 _sha3 _sha512 _signal
    _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct _symtable _thread
    _threading_local _tokenize _tracemalloc _typing _uuid _warnings _weakref _weakrefset _zoneinfo abc aifc
    antigravity argparse array ast asynchat asyncio asyncore atexit audioop base64 bdb binascii bisect
    builtins bz2 cProfile calendar cgi cgitb chunk cmath cmd code codecs codeop collections colorsys
    compileall concurrent configparser contextlib contextvars copy copyreg crypt csv ctypes curses
    dataclasses datetime dbm decimal difflib dis distutils doctest email encodings enum errno faulthandler
    fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob
    graphlib grp gzip hashlib heapq hmac html http imaplib imghdr imp importlib inspect io ipaddress
    itertools json keyword lib2to3 linecache locale logging lzma mailbox mailcap marshal math mimetypes mmap
    modulefinder multiprocessing netrc nntplib ntpath nturl2path numbers opcode operator optparse os
    ossaudiodev pathlib pdb pickle pickletools pipes pkgutil platform plistlib poplib posix posixpath pprint
    profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib
    resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtpd smtplib
    sndhdr socket socketserver spwd sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string
    stringprep struct subprocess sunau symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile
    termios textwrap this threading time timeit token tokenize tomllib trace traceback tracemalloc tty types
    typing unicodedata unittest urllib uu uuid venv warnings wave weakref webbrowser wsgiref xdrlib xml
    xmlrpc zipapp zipfile zipimport zlib zoneinfo
    """.split()  # noqa: SIM905 - a name a line would fill five screens
)
