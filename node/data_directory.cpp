#include "node/data_directory.hpp"

#include "cluster/base/assert.hpp"
#include "cluster/storage/apply_marker.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_marker.hpp"
#include "node/audit.hpp"
#include "node/durable_file.hpp"
#include "node/forming.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <vector>

namespace burrow {
namespace {

constexpr std::string_view lost_directory = "lost", lost_store = "store-";

/// Without a record of the node the store must be empty: who it was is lost otherwise, and how many shards it had.
result<void> expect_empty(const store& data) {
  for (const auto f : {family::raft_log, family::body, family::raft_state, family::queue}) {
    const auto page = data.scan(f, {.from = "", .to = ""}, read_tier::disk);
    if (!page) return page.error();
    if (!page->items.empty()) return error{errc::corrupt, "data: the node's own record is missing in the store"};
  }
  return {};
}

/// Reads who this node is, or draws it and makes it durable before anything else is written.
result<void> identify(data_directory& out, const settings& with, const node_former& form) {
  const auto key = keys::node_wide("node");
  const auto found = out.store->get(family::raft_state, key, read_tier::disk);
  if (!found) return found.error();
  if (found->found) {
    auto record = codec::decode_node(found->value);
    if (!record) return error{record.code(), fmt::format("data: the node record in {} is damaged", with.data)};
    out.identity = *record;
    if (out.identity.format != keys::format_version)
      return error{errc::config_invalid, fmt::format("data: {} has format {}, this program reads format {}", with.data,
                                                     out.identity.format, keys::format_version)};
    if (with.shards != limits::shards_default && with.shards != out.identity.shards)
      return error{errc::config_invalid, fmt::format("shards: the cluster in {} has {} shards, for good; not {}",
                                                     with.data, out.identity.shards, with.shards)};
    return {};
  }
  if (auto empty = expect_empty(*out.store); !empty) return empty;
  out.fresh = true;
  const node_id drawn{random_number() | 1U};
  out.identity = {drawn, {random_number(), random_number()}, static_cast<std::uint16_t>(with.shards),
                  limits::shards_per_tenant, keys::format_version};
  if (form) {
    auto formed = form(drawn);
    if (!formed) return formed.error();
    out.identity = *formed;
  }
  write_batch batch;
  batch.put(family::raft_state, key, codec::encode_node(out.identity));
  if (auto written = out.store->write(batch); !written) return written;
  return out.store->sync();
}

/// Out of the way of a new store, but still there for whoever must look at it. Cut short it is done again: what is
/// left without the rest has lost writes, too.
result<std::string> set_aside(const std::string& directory, const std::string& lost) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto name = fmt::format("{}/{}{}", lost_directory, lost_store,
                                std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  if (auto noted = audit(directory, {"set-aside", "burrow", "begins", {}, {{"lost", lost}, {"to", name}}}); !noted)
    return noted.error();
  std::error_code failed;
  std::filesystem::create_directories(directory + '/' + name, failed);
  for (const char* part : {"rocks", synced_marker::file_name, apply_marker::file_name, accepted_loss::file_name}) {
    const auto from = directory + '/' + part;
    if (!failed && std::filesystem::exists(from, failed))
      std::filesystem::rename(from, directory + '/' + name + '/' + part, failed);
  }
  if (failed) return error{errc::io_failed, fmt::format("data: move {} to {}: {}", directory, name, failed.message())};
  for (const auto* const changed : {"", "/lost"})
    if (auto synced = sync_directory(directory + changed); !synced) return synced.error();
  spdlog::error("store: {}. This node begins anew, under another id, with copies from the other nodes of its cluster; "
                "what is left of its store is in {}/{}", lost, directory, name);
  return name;
}

/// The store, salvaged if it lost synced writes and the operator accepts that. What is to be checked afterwards, and
/// why it was accepted, is on disk before anything is touched. A member has nothing to accept: it would promise what it
/// has forgotten, and others have its copies, so it comes back with an empty one (replication.md section 4).
result<std::unique_ptr<rocks_store>> open_store(const settings& with, bool is_member, data_directory& out) {
  auto options = store_options(with);
  auto opened = rocks_store::open(options);
  if (opened || opened.code() != errc::lost_writes) return opened;
  const auto lost = opened.error().context;
  if (is_member) {
    auto moved = set_aside(with.data, lost);
    if (!moved) return moved.error();
    out.set_aside = std::move(moved).value();
    return rocks_store::open(options);
  }
  if (with.accept_loss.empty())
    return error{errc::lost_writes, lost + ". Find out why; to go on with what can be read: burrow serve --accept-loss "
                                           "\"reason\""};
  spdlog::warn("accept_loss: \"{}\": {}: going on with what can be read", with.accept_loss, lost);
  if (auto noted = audit(with.data, {"accept-loss", audit_user(), "begins", {},
                                    {{"reason", with.accept_loss}, {"lost", lost}}}); !noted)
    return noted.error();
  if (auto begun = out.loss->begin(); !begun) return begun.error();
  options.accept_loss = true;
  return rocks_store::open(options);
}

} // namespace

result<int> lock_directory(const std::string& directory) {
  namespace fs = std::filesystem;
  std::error_code failed;
  std::vector<fs::path> made;
  for (auto at = fs::absolute(directory, failed).lexically_normal(); !failed && !fs::exists(at, failed);
       at = at.parent_path())
    made.push_back(at);
  fs::create_directories(directory, failed);
  if (failed)
    return error{errc::config_invalid, fmt::format("data: cannot make {}: {}", directory, failed.message())};
  // A new directory's own name must be on disk, or a power cut takes with it all that was synced inside.
  for (const auto& path : made)
    if (auto synced = sync_directory(path.parent_path().string()); !synced) return synced.error();
  const std::string path = directory + "/LOCK";
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (file < 0)
    return error{errc::config_invalid, fmt::format("data: cannot write to {}: {}", directory, std::strerror(errno))};
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    ::close(file);
    return error{errc::config_invalid,
                 fmt::format("data: another node has {} open; each node needs a directory of its own", directory)};
  }
  return file;
}

std::string random_bytes(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t at = 0; at < size;) {
    const auto got = ::getrandom(out.data() + at, size - at, 0);
    if (got < 0 && errno == EINTR) continue;
    BURROW_ASSERT(got > 0);
    at += static_cast<std::size_t>(got);
  }
  return out;
}

std::uint64_t random_number() {
  std::uint64_t n = 0;
  const auto bytes = random_bytes(sizeof n);
  std::memcpy(&n, bytes.data(), sizeof n);
  return n;
}

instant last_set_aside(const std::string& directory) {
  instant last;
  std::error_code unseen;
  for (const auto& kept : std::filesystem::directory_iterator(directory + '/' + std::string(lost_directory), unseen)) {
    const auto name = kept.path().filename().string();
    std::int64_t at = 0;
    if (!name.starts_with(lost_store)) continue;
    std::from_chars(name.data() + lost_store.size(), name.data() + name.size(), at);
    last = std::max(last, instant{at});
  }
  return last;
}

rocks_options store_options(const settings& with) {
  rocks_options out;
  out.directory = with.data;
  out.block_cache_bytes = with.block_cache;
  out.write_buffer_bytes = with.write_buffer;
  out.wal_bytes_max = with.wal;
  return out;
}

result<data_directory> data_directory::open(const settings& with, const node_former& form) {
  data_directory out;
  const auto lock = lock_directory(with.data);
  if (!lock) return lock.error();
  out.lock = *lock;
  std::error_code unseen;
  if (std::filesystem::exists(with.data + '/' + restoring_file, unseen))
    return error{errc::config_invalid, fmt::format("data: a restore into {} was not finished; remove the directory and "
                                                   "restore again", with.data)};
  auto loss = accepted_loss::open(with.data);
  if (!loss) return loss.error();
  out.loss = std::make_shared<accepted_loss>(std::move(*loss));
  const auto map = read_cluster_file(with.data);
  if (!map) return map.error();
  const bool is_member = form && *map && (**map).nodes.size() > 1;
  auto store = open_store(with, is_member, out);
  if (!store) return store.error();
  out.store = std::shared_ptr<rocks_store>(std::move(*store));
  if (auto known = identify(out, with, form); !known) return known.error();
  return out;
}

result<std::uint64_t> data_directory::begin_life(std::int64_t wall_ms) {
  const auto key = keys::node_wide("life");
  const auto found = store->get(family::raft_state, key, read_tier::disk);
  if (!found) return found.error();
  std::uint64_t last = 0;
  if (found->found) {
    byte_reader in(found->value);
    last = in.u64();
    if (!in.done()) return error{errc::corrupt, "data: the node's count of its starts is damaged"};
  }
  const auto life = std::max(static_cast<std::uint64_t>(std::max<std::int64_t>(wall_ms, 1)), last + 1);
  std::string value;
  byte_writer(value).u64(life);
  write_batch batch;
  batch.put(family::raft_state, key, std::move(value));
  if (auto written = store->write(batch); !written) return written.error();
  if (auto synced = store->sync(); !synced) return synced.error();
  return life;
}

result<std::vector<std::pair<shard_id, replica_id>>> data_directory::stored_replicas() const {
  std::vector<std::pair<shard_id, replica_id>> out;
  for (std::uint16_t i = 0; i <= identity.shards; ++i) {
    const auto found = store->get(family::raft_state, keys::raft_state({i}), read_tier::disk);
    if (!found) return found.error();
    if (!found->found) continue;
    // A record that cannot be read is its replica's to find: the shard is damaged, the others are not.
    const auto record = codec::decode_replica({i}, found->value);
    out.emplace_back(shard_id{i}, record ? record->replica : replica_id{});
  }
  return out;
}

} // namespace burrow
