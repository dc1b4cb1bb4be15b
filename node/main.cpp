// The program: everything else is in libraries, so that tests can link it.
#include "node/cli.hpp"

int main(int argc, char** argv) { return burrow::run_cli(argc, argv); }
