// The program: everything else is in libraries, so that tests can link it.
#include "node/cli.hpp"

// Read by jemalloc before main() begins: a few arenas instead of four a core, and what is free goes back to the kernel
// after two seconds, so that what a burst took is not held by an idle node.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:4,dirty_decay_ms:2000,muzzy_decay_ms:0";
}

int main(int argc, char** argv) { return burrow::run_cli(argc, argv); }
