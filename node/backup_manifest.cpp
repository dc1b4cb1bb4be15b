#include "node/backup_manifest.hpp"

#include "node/text.hpp"

#include <fmt/chrono.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

namespace burrow {
namespace {

using json = nlohmann::ordered_json;
namespace fs = std::filesystem;
constexpr std::size_t piece_bytes = std::size_t{1} << 20, sync_bytes = std::size_t{16} << 20;

error failed(const char* what, const std::string& path) {
  return {errc::io_failed, fmt::format("{} {}: {}", what, path, std::strerror(errno))};
}

class open_file {
public:
  open_file(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~open_file() {
    if (fd_ >= 0) ::close(fd_);
  }
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  [[nodiscard]] int get() const { return fd_; }

private:
  int fd_;
};

class sha256 {
public:
  sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  [[nodiscard]] std::string hex() {
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), sum, &size);
    std::string out;
    for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", sum[i]);
    return out;
  }

private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

std::string sealed(const json& all) {
  const auto text = all.dump(-1, ' ', false, json::error_handler_t::replace);
  sha256 sum;
  sum.add(text);
  auto out = all;
  out["sha256"] = sum.hex();
  return out.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return failed("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

result<std::uint64_t> hex_number(const std::string& text) {
  std::uint64_t out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || text.size() != 16) return errc::corrupt;
  return out;
}

} // namespace

std::string time_text(std::int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}
std::string hex_id(const hash128& id) { return fmt::format("{:016x}{:016x}", id.high, id.low); }

std::uint64_t backup_manifest::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& f : files) sum += f.size;
  return sum;
}

std::string encode(const backup_manifest& m) {
  json out{{"burrow_backup", backup_manifest::format}, {"created", m.created}, {"version", m.version},
           {"commit", m.commit}, {"node", m.node}, {"node_id", fmt::format("{:016x}", m.identity.node.value)},
           {"cluster_id", hex_id(m.identity.cluster)}, {"shards", m.identity.shards},
           {"shards_per_tenant", m.identity.shards_per_tenant}, {"data_format", m.identity.format},
           {"not_whole", m.not_whole}, {"files", json::array()}};
  for (const auto& f : m.files) out["files"].push_back({{"name", f.name}, {"size", f.size}, {"sha256", f.sha256}});
  return sealed(out);
}

result<backup_manifest> read_manifest(const std::string& directory) {
  const auto path = directory + '/' + backup_manifest::file_name;
  std::ifstream in(path, std::ios::binary);
  if (!in) return error{errc::config_invalid, fmt::format("{} holds no backup: there is no {}", directory,
                                                          backup_manifest::file_name)};
  const std::string text(std::istreambuf_iterator<char>(in), {});
  auto all = json::parse(text, nullptr, false);
  const error damaged{errc::corrupt, path + " is damaged"};
  if (!all.is_object()) return damaged;
  if (all.value("burrow_backup", json()) != backup_manifest::format)
    return error{errc::config_invalid, fmt::format("{} has another format than {}, which is what this program reads",
                                                   path, backup_manifest::format)};
  all.erase("sha256");
  if (sealed(all) != text) return damaged;
  backup_manifest out;
  try {
    out.created = all.at("created");
    out.version = all.at("version");
    out.commit = all.at("commit");
    out.node = all.at("node");
    const std::string node = all.at("node_id"), cluster = all.at("cluster_id");
    const auto id = hex_number(node), high = hex_number(cluster.substr(0, 16)), low = hex_number(cluster.substr(16));
    if (!id || !high || !low) return damaged;
    out.identity = {node_id{*id}, {*high, *low}, all.at("shards"), all.at("shards_per_tenant"), all.at("data_format")};
    out.not_whole = all.at("not_whole").get<std::vector<std::uint16_t>>();
    for (const auto& f : all.at("files")) out.files.push_back({f.at("name"), f.at("size"), f.at("sha256")});
  } catch (const std::exception&) {
    return damaged;
  }
  // A name leads nowhere else: this may have been written by anybody.
  for (const auto& f : out.files)
    if (f.name.empty() || f.name.front() == '/' || f.name.find("..") != std::string::npos) return damaged;
  return out;
}

result<backup_file> hash_file(const std::string& from, const std::string& to, const progress& step) {
  const open_file in(from, O_RDONLY);
  if (in.get() < 0) return failed("open", from);
  std::optional<open_file> out;
  if (!to.empty()) {
    out.emplace(to, O_WRONLY | O_CREAT | O_EXCL);
    if (out->get() < 0) return failed("create", to);
  }
  backup_file made;
  sha256 sum;
  std::string piece(piece_bytes, '\0');
  std::uint64_t synced = 0;
  while (true) {
    const auto got = ::read(in.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", from);
    if (got == 0) break;
    const std::string_view bytes(piece.data(), static_cast<std::size_t>(got));
    sum.add(bytes);
    made.size += bytes.size();
    if (out) {
      if (auto done = write_all(out->get(), bytes, to); !done) return done.error();
      // In portions: a large amount at once is what a sync of the log would have to wait for.
      if (made.size - synced >= sync_bytes) {
        if (::fdatasync(out->get()) != 0) return failed("sync", to);
        synced = made.size;
      }
    }
    if (!step(bytes.size())) return error{errc::unavailable, "cancelled"};
  }
  // What is read once must not drive out of memory what the node reads again and again.
  ::posix_fadvise(in.get(), 0, 0, POSIX_FADV_DONTNEED);
  if (out) {
    if (::fsync(out->get()) != 0) return failed("sync", to);
    ::posix_fadvise(out->get(), 0, 0, POSIX_FADV_DONTNEED);
  }
  made.sha256 = sum.hex();
  return made;
}

result<std::vector<std::string>> files_below(const std::string& directory) {
  std::vector<std::string> out;
  std::error_code wrong;
  for (fs::recursive_directory_iterator at(directory, wrong), end; !wrong && at != end; at.increment(wrong))
    if (at->is_regular_file(wrong)) out.push_back(fs::relative(at->path(), directory, wrong).string());
  if (wrong) return error{errc::io_failed, fmt::format("list {}: {}", directory, wrong.message())};
  std::sort(out.begin(), out.end());
  return out;
}

result<void> make_empty_directory(const std::string& path) {
  std::error_code wrong;
  if (fs::exists(path, wrong) && (!fs::is_directory(path, wrong) || !fs::is_empty(path, wrong)))
    return error{errc::config_invalid, fmt::format("{} is there and not an empty directory", path)};
  const bool made = !wrong && fs::create_directories(path, wrong);
  if (!wrong && made) fs::permissions(path, fs::perms::owner_all, wrong);
  if (wrong) return error{errc::config_invalid, fmt::format("cannot make {}: {}", path, wrong.message())};
  return {};
}

} // namespace burrow
