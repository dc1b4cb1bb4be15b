# ThreadSanitizer with g++, whose -Wtsan on the fences of Asio is switched off in CMakeLists.txt.
set(CMAKE_BUILD_TYPE Release CACHE STRING "")
set(CMAKE_CXX_COMPILER g++ CACHE STRING "")
set(CMAKE_C_COMPILER gcc CACHE STRING "")
set(BURROW_OPTIMIZE "-O1 -g1" CACHE STRING "")
set(BURROW_SANITIZE "thread" CACHE STRING "")
