#include "cluster/storage/apply_marker.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace burrow {

/// In host byte order: the file never leaves its machine, and a foreign one fails the check of the header.
struct apply_marker::slot {
  std::uint64_t applying;    ///< 0 = nothing
  std::uint64_t found_index; ///< of an earlier life; 0 = none
  std::uint64_t found_times;
  std::uint64_t unused;
};

namespace {

// One page of header, then a slot for every shard there can be: 2 MiB, of which only touched pages exist.
constexpr std::size_t header_bytes = 4096, slot_bytes = 32, shards = 65'536;
constexpr std::size_t file_bytes = header_bytes + slot_bytes * shards;
constexpr char magic[] = "burrow APPLYING 1";

error failed(const char* what) { return {errc::io_failed, std::string(what) + " APPLYING: " + std::strerror(errno)}; }

void store(std::uint64_t& word, std::uint64_t value) {
  std::atomic_ref(word).store(value, std::memory_order_relaxed);
}
std::uint64_t load(std::uint64_t& word) { return std::atomic_ref(word).load(std::memory_order_relaxed); }

} // namespace

result<apply_marker> apply_marker::open(const std::string& directory, std::size_t shard_count) {
  BURROW_ASSERT(shard_count <= shards);
  static_assert(sizeof(slot) == slot_bytes);
  const auto path = directory + '/' + file_name;
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return failed("open");
  struct stat info {};
  char head[sizeof magic] = {};
  bool ours = ::fstat(fd, &info) == 0 && static_cast<std::size_t>(info.st_size) == file_bytes;
  ours = ours && ::pread(fd, head, sizeof head, 0) == sizeof head && std::memcmp(head, magic, sizeof magic) == 0;
  const bool sized = ours || (::ftruncate(fd, 0) == 0 && ::ftruncate(fd, file_bytes) == 0);
  void* mapped = sized ? ::mmap(nullptr, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  const auto why = failed("map");
  ::close(fd);
  if (mapped == MAP_FAILED) return why;
  if (!ours) std::memcpy(mapped, magic, sizeof magic);
  apply_marker marker(mapped);
  marker.count_findings(shard_count);
  return marker;
}

apply_marker::apply_marker(apply_marker&& other) noexcept : mapped_(std::exchange(other.mapped_, nullptr)) {}

apply_marker& apply_marker::operator=(apply_marker&& other) noexcept {
  std::swap(mapped_, other.mapped_);
  return *this;
}

apply_marker::~apply_marker() {
  if (mapped_ != nullptr) ::munmap(mapped_, file_bytes);
}

apply_marker::slot& apply_marker::at(shard_id shard) const noexcept {
  return *reinterpret_cast<slot*>(static_cast<std::byte*>(mapped_) + header_bytes + slot_bytes * shard.value);
}

void apply_marker::count_findings(std::size_t shard_count) noexcept {
  for (std::size_t n = 0; n < shard_count; ++n) {
    auto& s = at(shard_id{static_cast<std::uint16_t>(n)});
    if (s.applying == 0) continue;
    s.found_times = s.applying == s.found_index ? s.found_times + 1 : 1;
    s.found_index = s.applying;
    s.applying = 0;
  }
}

void apply_marker::begin(shard_id shard, log_index index) noexcept { store(at(shard).applying, index.value); }

void apply_marker::end(shard_id shard) noexcept {
  auto& s = at(shard);
  // What lies before the found entry is applied again after a crash; only its own end clears the record.
  if (load(s.applying) == load(s.found_index)) forget(shard);
  store(s.applying, 0);
}

void apply_marker::abandoned(shard_id shard) noexcept { store(at(shard).applying, 0); }

apply_marker::finding apply_marker::found(shard_id shard) const noexcept {
  auto& s = at(shard);
  return {log_index{load(s.found_index)}, load(s.found_times)};
}

void apply_marker::forget(shard_id shard) noexcept {
  auto& s = at(shard);
  store(s.found_times, 0);
  store(s.found_index, 0);
}

} // namespace burrow
