# Writes a directory tree as an ISO 9660 image with pycdlib: python3 write-with-pycdlib.py DIR IMAGE ROCK_RIDGE JOLIET,
# where ROCK_RIDGE is a version ("1.09", "1.12") or "none" and JOLIET a level or 0.
import os
import stat
import sys

import pycdlib

source, image, rock, joliet = sys.argv[1:]
rock = None if rock == "none" else rock
joliet = int(joliet)
iso = pycdlib.PyCdlib()
iso.new(interchange_level=3, rock_ridge=rock, joliet=joliet or None)
number = 0


def places(name, parents, is_directory):
    """Where an entry goes: a path in each tree."""
    global number
    number += 1
    plain = "D%d" % number if is_directory else "F%d.;1" % number
    iso_path, joliet_path = parents
    arguments = {}
    if rock:
        arguments["rr_name"] = name
    if joliet:
        arguments["joliet_path"] = joliet_path + "/" + name
    return iso_path + "/" + plain, joliet_path + "/" + name, arguments


def add(directory, parents):
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        mode = os.lstat(path).st_mode
        iso_path, joliet_path, arguments = places(name, parents, stat.S_ISDIR(mode))
        if stat.S_ISLNK(mode):
            if rock:
                iso.add_symlink(symlink_path=iso_path, rr_symlink_name=name, rr_path=os.readlink(path))
            continue
        if rock:
            arguments["file_mode"] = mode
        if stat.S_ISDIR(mode):
            iso.add_directory(iso_path, **arguments)
            add(path, (iso_path, joliet_path))
        else:
            iso.add_file(path, iso_path, **arguments)


add(source, ("", ""))
iso.write(image)
iso.close()
