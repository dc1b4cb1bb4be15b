// The half of a certificate set that writes files.
#include "actors/certificates.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace burrow {
namespace {

namespace fs = std::filesystem;

error failed(std::string_view what, const std::string& path) {
  return {errc::io_failed, fmt::format("{} {}: {}", what, path, std::strerror(errno))};
}

result<void> make_private(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return failed("make", directory);
  if (::chmod(directory.c_str(), 0700) != 0) return failed("set the mode of", directory);
  return {};
}

result<void> write_private(const std::string& path, std::string_view bytes) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return failed("open", path);
  bool good = true;
  while (good && !bytes.empty()) {
    const auto wrote = ::write(file, bytes.data(), bytes.size());
    if (wrote > 0) bytes.remove_prefix(static_cast<std::size_t>(wrote));
    else good = wrote < 0 && errno == EINTR;
  }
  good = good && ::fsync(file) == 0;
  const auto why = failed("write", path);
  ::close(file);
  return good ? result<void>{} : result<void>{why};
}

result<void> sync_names(const std::string& directory) {
  const int at = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (at < 0) return failed("open", directory);
  const bool good = ::fsync(at) == 0;
  const auto why = failed("sync", directory);
  ::close(at);
  return good ? result<void>{} : result<void>{why};
}

std::string text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Directories with a number for a name, in order.
std::vector<unsigned long> sets_in(const std::string& directory) {
  std::vector<unsigned long> out;
  std::error_code wrong;
  for (auto at = fs::directory_iterator(directory, wrong); !wrong && at != fs::directory_iterator();
       at.increment(wrong)) {
    const auto name = at->path().filename().string();
    if (!name.empty() && name.size() <= 9 && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; }))
      out.push_back(std::stoul(name));
  }
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

certificate_files installed_certificates(const std::string& directory) {
  const auto at = directory + "/current/";
  return {at + "cert.pem", at + "key.pem", at + "ca.pem"};
}

result<void> certificate_set::install(const std::string& directory) const {
  const auto now = installed_certificates(directory);
  if (auto made = make_private(directory); !made) return made;
  if (text_of(now.certificate) == certificate_ && text_of(now.key) == key_ && text_of(now.ca) == ca_) return {};
  const auto sets = sets_in(directory);
  std::error_code wrong;
  const auto before = fs::read_symlink(directory + "/current", wrong).string();
  const auto name = std::to_string(sets.empty() ? 1UL : sets.back() + 1);
  const auto at = directory + '/' + name, link = directory + "/current.new";
  if (auto made = make_private(at); !made) return made;
  const std::array<std::pair<const char*, const std::string*>, 3> files{
    {{"/cert.pem", &certificate_}, {"/key.pem", &key_}, {"/ca.pem", &ca_}}};
  for (const auto& [file, bytes] : files)
    if (auto written = write_private(at + file, *bytes); !written) return written;
  if (auto synced = sync_names(at); !synced) return synced;
  if (::unlink(link.c_str()) != 0 && errno != ENOENT) return failed("remove", link);
  if (::symlink(name.c_str(), link.c_str()) != 0) return failed("make", link);
  if (std::rename(link.c_str(), (directory + "/current").c_str()) != 0) return failed("rename", link);
  if (auto synced = sync_names(directory); !synced) return synced;
  // The one before stays: CAF may be between its three opens.
  for (const auto old : sets)
    if (std::to_string(old) != before) fs::remove_all(directory + '/' + std::to_string(old), wrong);
  return {};
}

} // namespace burrow
