// A backup made a node's directory again. Its replicas are others from now on (cluster/replica/renew.hpp): the node
// that made the backup may have gone on, and nothing that it has numbered since may be taken for ours.
#include "cluster/replica/renew.hpp"
#include "cluster/storage/apply_marker.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_store.hpp"
#include "node/audit.hpp"
#include "node/backup_verify.hpp"
#include "node/data_directory.hpp"
#include "node/durable_file.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>
#include <set>

namespace burrow {
namespace {

namespace fs = std::filesystem;

result<void> copy_files(const std::string& from, const std::string& to, const backup_manifest& manifest,
                        const backup_progress& step) {
  struct statvfs space {};
  if (::statvfs(to.c_str(), &space) != 0) return error{errc::io_failed, "look at " + to};
  if (const auto free = std::uint64_t{space.f_bavail} * space.f_frsize; free < manifest.bytes())
    return error{errc::no_space, fmt::format("{} has {} free, the backup needs {}", to, human_size(free),
                                             human_size(manifest.bytes()))};
  std::uint64_t done = 0;
  for (const auto& f : manifest.files) {
    std::error_code wrong;
    fs::create_directories(fs::path(to + '/' + f.name).parent_path(), wrong);
    if (wrong) return error{errc::io_failed, fmt::format("make a directory for {}: {}", f.name, wrong.message())};
    const auto made = hash_file(from + '/' + f.name, to + '/' + f.name,
                                [&](std::uint64_t bytes) { return step(done += bytes, manifest.bytes()); });
    if (!made) return made.error();
    if (made->size != f.size || made->sha256 != f.sha256)
      return error{errc::corrupt, fmt::format("{} is not what was written: burrow backup verify {}", f.name, from)};
  }
  return sync_directory(to + "/rocks");
}

/// The node and each of its replicas under new ids.
result<void> renew(const std::string& data, restored_backup& out) {
  rocks_options options;
  options.directory = data;
  auto store = rocks_store::open(options);
  if (!store) return store.error();
  out.identity = out.manifest.identity;
  out.identity.node = {random_number() | 1U};
  out.identity.cluster = {random_number(), random_number()};
  const auto count = std::size_t{out.identity.shards} + 1;
  auto marker = apply_marker::open(data, count);
  if (!marker) return marker.error();
  for (std::size_t n = 0; n < count; ++n) {
    const shard_id shard{static_cast<std::uint16_t>(n)};
    // What was under way at the moment of the copy is no suspicion; an entry that ended a process twice stays shut out.
    const bool shut = marker->found(shard).times >= 2;
    if (!shut) marker->forget(shard);
    const auto renewed = renew_replica(**store, {shard, out.identity.node, {random_number() | 1U}, !shut});
    if (!renewed && renewed.code() != errc::corrupt) return renewed;
    if (!renewed) out.damaged.push_back(fmt::format("shard {}: {}", n, renewed.error().context));
  }
  write_batch batch;
  batch.put(family::raft_state, keys::node_wide("node"), codec::encode_node(out.identity));
  if (auto done = (*store)->write(batch); !done) return done;
  return (*store)->close();
}

/// Shards that were out of service are compared with their hashes before they serve, as after an accepted loss.
result<void> note_unchecked(const std::string& data, const backup_manifest& manifest) {
  if (manifest.not_whole.empty()) return {};
  auto loss = accepted_loss::open(data);
  if (!loss) return loss.error();
  std::set<shard_id> all;
  for (std::uint16_t n = 0; n <= manifest.identity.shards; ++n)
    if (loss->must_check({n})) all.insert({n});
  for (const auto n : manifest.not_whole) all.insert({n});
  return loss->settle(std::move(all));
}

} // namespace

result<restored_backup> restore_backup(const std::string& directory, const std::string& data,
                                       const backup_progress& step) {
  auto manifest = read_manifest(directory);
  if (!manifest) return manifest.error();
  if (manifest->identity.format != keys::format_version)
    return error{errc::config_invalid, fmt::format("the backup has data of format {}, this program reads {}",
                                                   manifest->identity.format, keys::format_version)};
  restored_backup out;
  out.manifest = std::move(*manifest);
  if (auto made = make_empty_directory(data); !made) return made.error();
  if (auto begun = replace_file(data, restoring_file, directory + '\n'); !begun) return begun.error();
  const auto lock = lock_directory(data);
  if (!lock) return lock.error();
  if (auto done = copy_files(directory, data, out.manifest, step); !done) return done.error();
  if (auto done = note_unchecked(data, out.manifest); !done) return done.error();
  if (auto done = renew(data, out); !done) return done.error();
  const auto noted = audit(data, {"restore", audit_user(), "done", {},
                                  {{"from", directory}, {"created", out.manifest.created},
                                   {"node_id_before", fmt::format("{:016x}", out.manifest.identity.node.value)},
                                   {"node_id", fmt::format("{:016x}", out.identity.node.value)}}});
  if (!noted) return noted.error();
  if (auto done = remove_file(data, restoring_file); !done) return done.error();
  ::close(*lock);
  return out;
}

} // namespace burrow
