# Every library that Burrow stands on, all of them Debian 12 packages (deploy/packages.txt).

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Protobuf REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)  # its target brings SPDLOG_COMPILED_LIB and SPDLOG_FMT_EXTERNAL
find_package(simdjson REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)

# Debian ships no package file for CAF, xxHash, jemalloc and (in the static form we do not want) RocksDB: described here.
function(burrow_system_library target header library)
  string(MAKE_C_IDENTIFIER ${target} id)
  find_path(${id}_INCLUDE_DIR ${header} REQUIRED)
  find_library(${id}_LIBRARY ${library} REQUIRED)
  add_library(${target} UNKNOWN IMPORTED GLOBAL)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${${id}_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${${id}_INCLUDE_DIR}" INTERFACE_LINK_LIBRARIES "${ARGN}")
endfunction()

# Names as upstream's own package exports them from 0.18 on.
burrow_system_library(CAF::core caf/all.hpp caf_core Threads::Threads)
burrow_system_library(CAF::io caf/io/all.hpp caf_io CAF::core)
burrow_system_library(CAF::openssl caf/openssl/all.hpp caf_openssl CAF::io OpenSSL::SSL OpenSSL::Crypto)
burrow_system_library(xxhash::xxhash xxhash.h xxhash)
burrow_system_library(rocksdb::rocksdb rocksdb/db.h rocksdb)
burrow_system_library(jemalloc::jemalloc jemalloc/jemalloc.h jemalloc)

# Boost 1.74 with g++ 12: <utility> must come before any Asio header, or std::exchange is unknown. The precompiled
# headers see to it; a source without one writes it first itself.
add_library(burrow_asio INTERFACE)
target_compile_definitions(burrow_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_ARRAY
  BOOST_ASIO_DISABLE_BOOST_REGEX BOOST_BEAST_USE_STD_STRING_VIEW)
target_link_libraries(burrow_asio INTERFACE Boost::headers Threads::Threads OpenSSL::SSL OpenSSL::Crypto)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 15)
  # clang 14 has the coroutines of C++20, but does not say so by the macro that libstdc++ asks for, and Asio 1.74
  # looks for them in clang's own library only.
  target_compile_definitions(burrow_asio INTERFACE __cpp_impl_coroutine=201902L BOOST_ASIO_HAS_CO_AWAIT
    BOOST_ASIO_HAS_STD_COROUTINE)
endif()
