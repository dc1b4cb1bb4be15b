# AddressSanitizer and UndefinedBehaviorSanitizer with clang; the fuzz targets are built here too.
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++-14 CACHE STRING "")
set(CMAKE_C_COMPILER clang-14 CACHE STRING "")
set(BURROW_OPTIMIZE "-O1 -g1" CACHE STRING "")
set(BURROW_SANITIZE "address,undefined" CACHE STRING "")
set(BURROW_FUZZ ON CACHE BOOL "")
# Half of the build is test cases, each of whose assertions is many calls: optimised, with counters for the fuzzers' sake,
# they take twice as long to compile. What they test is optimised and counted as before.
set(BURROW_TEST_OPTIONS "-O0;-fno-sanitize=fuzzer-no-link" CACHE STRING "")
