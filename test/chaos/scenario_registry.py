"""What is tried. A scenario gets a `Run` (scenario_run.py): a cluster of `nodes` nodes with load on it, a seeded source of
chance and how long a fault should last. It breaks and mends; afterwards the cluster must come back and the history is
checked. Whatever else must hold meanwhile it says by `run.check`."""

ALL = {}


def scenario(nodes=3, short=False, network=False, **more):
    """`network`: needs namespaces. `dead`: with a dead-letter queue. `claims`: whether claims surely last as long as they
    say. `patience`: how many seconds a client waits (4). `small_disk`: each node on a file system of its own."""
    def note(function):
        ALL[function.__name__] = {'run': function, 'nodes': nodes, 'short': short, 'network': network, **more}
        return function
    return note
