#include "node/durable_file.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace burrow {
namespace {

error failed(const char* what, const std::string& path, errc code = errc::io_failed) {
  return {code, fmt::format("{} {}: {}", what, path, std::strerror(errno))};
}

result<void> write_and_sync(const std::string& path, int flags, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0640);
  if (file < 0) return failed("open", path);
  bool good = true;
  while (good && !bytes.empty()) {
    const auto wrote = ::write(file, bytes.data(), bytes.size());
    if (wrote > 0) bytes.remove_prefix(static_cast<std::size_t>(wrote));
    else good = wrote < 0 && errno == EINTR;
  }
  const bool wrote = good;
  good = good && ::fsync(file) == 0;
  const auto why = wrote ? failed("sync", path, errc::sync_failed) : failed("write", path);
  ::close(file);
  if (!good) return why;
  return {};
}

} // namespace

/// A name is on disk with the directory, not with the file.
result<void> sync_directory(const std::string& directory) {
  const int at = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) return failed("open", directory);
  const bool good = ::fsync(at) == 0;
  const auto why = failed("sync", directory, errc::sync_failed);
  ::close(at);
  if (!good) return why;
  return {};
}

result<void> replace_file(const std::string& directory, const std::string& name, std::string_view bytes) {
  const auto path = directory + '/' + name, next = path + ".new";
  if (auto written = write_and_sync(next, O_TRUNC, bytes); !written) return written;
  if (std::rename(next.c_str(), path.c_str()) != 0) return failed("rename", next);
  return sync_directory(directory);
}

result<void> append_to_file(const std::string& directory, const std::string& name, std::string_view bytes) {
  if (auto written = write_and_sync(directory + '/' + name, O_APPEND, bytes); !written) return written;
  return sync_directory(directory);
}

result<void> remove_file(const std::string& directory, const std::string& name) {
  const auto path = directory + '/' + name;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("remove", path);
  return sync_directory(directory);
}

} // namespace burrow
