#include "cluster/storage/rocks_marker.hpp"

#include "cluster/base/bytes.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace burrow {

namespace {

constexpr std::string_view checksum_salt = "burrow SYNCED 1";

error failed(const char* what, errc code = errc::io_failed) {
  return {code, std::string(what) + " SYNCED: " + std::strerror(errno)};
}

error no_mark(const char* why) {
  return {errc::lost_writes, std::string("the mark SYNCED ") + why + ", so nobody knows what the store has lost"};
}

bool sync_directory(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = ::fsync(fd) == 0;
  ::close(fd);
  return done;
}

} // namespace

std::optional<std::uint64_t> synced_marker::parse_slot(std::string_view slot) {
  byte_reader in(slot);
  const auto number = in.u64();
  if (!in.ok() || slot != format_slot(number)) return std::nullopt;
  return number;
}

std::string synced_marker::format_slot(std::uint64_t number) {
  std::string slot;
  byte_writer out(slot);
  out.u64(number);
  out.u64(hash_of(checksum_salt, slot).low);
  return slot;
}

result<synced_marker> synced_marker::open(const std::string& directory) {
  const auto path = directory + '/' + file_name;
  int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0 && (errno == EROFS || errno == EACCES)) fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC); // a backup
  if (fd < 0 && errno == ENOENT) return no_mark("is missing");
  if (fd < 0) return failed("open");
  synced_marker marker(fd);
  for (std::size_t i = 0; i < marker.slots_.size(); ++i) {
    char bytes[slot_bytes];
    const auto got = ::pread(fd, bytes, sizeof bytes, static_cast<off_t>(i * block_bytes));
    if (got < 0) return failed("read");
    marker.slots_[i] = parse_slot({bytes, static_cast<std::size_t>(got)});
  }
  if (!marker.slots_[0] && !marker.slots_[1]) return no_mark("has no valid slot");
  return marker;
}

result<synced_marker> synced_marker::create(const std::string& directory, std::uint64_t number) {
  const std::string path = directory + '/' + file_name, draft = path + ".new";
  const int fd = ::open(draft.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return failed("create");
  synced_marker marker(fd);
  if (::ftruncate(fd, 2 * block_bytes) != 0) return failed("size");
  for (std::size_t i = 0; i < marker.slots_.size(); ++i)
    if (auto done = marker.write_slot(i, number); !done) return done.error();
  if (::rename(draft.c_str(), path.c_str()) != 0 || !sync_directory(directory)) return failed("place");
  return marker;
}

synced_marker::synced_marker(synced_marker&& other) noexcept
  : file_(std::exchange(other.file_, -1)), slots_(other.slots_) {}

synced_marker& synced_marker::operator=(synced_marker&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(slots_, other.slots_);
  return *this;
}

synced_marker::~synced_marker() {
  if (file_ >= 0) ::close(file_);
}

std::size_t synced_marker::newest() const {
  if (!slots_[0]) return 1;
  if (!slots_[1]) return 0;
  return *slots_[1] > *slots_[0] ? 1 : 0;
}

std::uint64_t synced_marker::number() const { return slots_[newest()].value_or(0); }

result<void> synced_marker::advance(std::uint64_t number) {
  if (number <= this->number()) return {};
  return write_slot(1 - newest(), number);
}

result<void> synced_marker::write_slot(std::size_t which, std::uint64_t number) {
  const auto slot = format_slot(number);
  if (::pwrite(file_, slot.data(), slot.size(), static_cast<off_t>(which * block_bytes)) !=
      static_cast<ssize_t>(slot.size()))
    return failed("write");
  if (::fdatasync(file_) != 0) return failed("sync", errc::sync_failed);
  slots_[which] = number;
  return {};
}

} // namespace burrow
