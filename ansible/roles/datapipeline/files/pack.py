"""pack.py ARCHIVE DIRECTORY PATH...: packs the paths below the directory into a tar.gz.

The output is reproducible: the same files always give the same bytes, because times and owners are not stored.
"""

import gzip
import os
import sys
import tarfile


def normalised(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry


def files(path):
    if not os.path.isdir(path):
        yield path
    for directory, directories, names in os.walk(path):
        directories.sort()
        for name in sorted(names):
            yield os.path.join(directory, name)


archive, root, *paths = sys.argv[1:]
archive = os.path.abspath(archive)
os.chdir(root)
with open(archive, "wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as packed:
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in paths:
            for file in files(path):
                tar.add(file, recursive=False, filter=normalised)
