"""A power cut, after the fact: takes from a data directory whatever power_cut.c has not seen reach the disk.

What had no sync may be lost or not, in part, or torn; a seed decides. Directory entries whose directory was not synced
since go back from the last one on: files made are gone, names are the old ones, removed files are there again.
"""
import collections
import os
import shutil


class Log:
    """The lines of power_cut.c, read up to now."""

    def __init__(self, path):
        self.synced, self.over, self.entries, self.syncs = {}, collections.defaultdict(list), [], 0
        if not os.path.exists(path):
            return
        with open(path, encoding='utf-8') as lines:
            for line in lines:
                self.line(*line.rstrip('\n').split('\t'))

    def line(self, kind, *fields):
        if kind == 'sync':
            self.synced[int(fields[0])] = int(fields[1])
            self.over.pop(int(fields[0]), None)
            self.syncs += 1
        elif kind == 'over':
            self.over[int(fields[0])].append(fields[1])
        elif kind == 'dir':
            self.entries = [e for e in self.entries if os.path.dirname(e[-1]) != fields[0]]
            self.syncs += 1
        elif kind == 'new':
            if fields[0] != '0':
                self.synced[int(fields[0])] = 0
            self.entries.append(('new', fields[1]))
        elif kind == 'move':
            self.entries.append(('move', fields[0], fields[2], fields[1]))
        elif kind == 'gone':
            self.entries.append(('gone', fields[1], fields[0]))


def undo(entry):
    kind, path = entry[0], entry[-1]
    if kind == 'new' and os.path.lexists(path):
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.remove(path)
    elif kind == 'move' and os.path.lexists(path):
        os.replace(path, entry[1])
        if entry[2] != '-':
            os.link(entry[2], path)
    elif kind == 'gone' and not os.path.lexists(path):
        os.link(entry[1], path)


def undo_entries(log, rng):
    """How many. In one directory only a suffix can be missing: file systems keep the order of such changes."""
    lost, by_directory = 0, collections.defaultdict(list)
    for entry in log.entries:
        by_directory[os.path.dirname(entry[-1])].append(entry)
    keep = {d: 0 if rng.random() < 0.6 else rng.randint(0, len(found)) for d, found in by_directory.items()}
    doomed = {id(e) for d, found in by_directory.items() for e in found[keep[d]:]}
    for entry in reversed(log.entries):
        if id(entry) in doomed and os.path.isdir(os.path.dirname(entry[-1])):
            undo(entry)
            lost += 1
    return lost


def cut_content(path, log, rng):
    """How many bytes of a file are lost."""
    info = os.stat(path)
    if log.over.get(info.st_ino) and rng.random() < 0.6:
        with open(log.over[info.st_ino][0], 'rb') as old, open(path, 'r+b') as new:
            content = old.read()
            new.write(content)
            new.truncate(len(content))
        return len(content)
    size = log.synced.get(info.st_ino, info.st_size)
    if size >= info.st_size:
        return 0
    left = size if rng.random() < 0.5 else rng.randint(size, info.st_size)
    os.truncate(path, left)
    if left > size and rng.random() < 0.3:  # a block whose length came down and whose bytes did not
        zeros = min(left - size, rng.randint(1, 4096))
        with open(path, 'r+b') as f:
            f.seek(left - zeros)
            f.write(b'\0' * zeros)
    return info.st_size - left


def cut(directory, log_path, kept, rng):
    """Does it to a stopped node's directory. Returns what there was of it: syncs, entries and bytes lost. Afterwards
    everything that is there is synced, so the log starts anew."""
    log = Log(log_path)
    entries, content = undo_entries(log, rng), 0
    for at, _, names in os.walk(directory):
        for name in names:
            content += cut_content(os.path.join(at, name), log, rng)
    if os.path.exists(log_path):
        os.remove(log_path)
    shutil.rmtree(kept, ignore_errors=True)
    os.makedirs(kept)
    return {'syncs': log.syncs, 'entries': entries, 'bytes': content}
