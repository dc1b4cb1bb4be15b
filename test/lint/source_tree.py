"""What both lints look at: the files that git knows, and those it would take on `git add`."""
import os
import subprocess


def root_of(argv):
    if '--root' in argv:
        return argv[argv.index('--root') + 1]
    return os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files_of(root):
    """Paths from the root, sorted; of a tree without git all its files."""
    if os.path.exists(os.path.join(root, '.git')):
        out = subprocess.run(['git', '-C', root, 'ls-files', '-co', '--exclude-standard', '-z'], capture_output=True, check=True)
        paths = [p for p in out.stdout.decode().split('\0') if p]
    else:
        paths = [os.path.relpath(os.path.join(d, f), root) for d, _, names in os.walk(root) for f in names]
    return sorted(p for p in paths if os.path.isfile(os.path.join(root, p)))
