#include "node/backup_verify.hpp"

#include "cluster/replica/replica.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace burrow {
namespace {

/// Hashes what is there and compares it with the manifest; names what is missing, different, or more.
result<void> compare_files(const std::string& directory, backup_verdict& out, const backup_progress& step) {
  std::set<std::string> expected{backup_manifest::file_name};
  std::uint64_t read = 0;
  const auto total = out.manifest.bytes();
  for (const auto& f : out.manifest.files) {
    expected.insert(f.name);
    const auto path = directory + '/' + f.name;
    std::error_code wrong;
    if (!std::filesystem::is_regular_file(path, wrong)) {
      out.files.push_back(f.name + " is missing");
      continue;
    }
    const auto seen = hash_file(path, {}, [&](std::uint64_t bytes) { return step(read += bytes, total); });
    if (!seen && seen.code() == errc::unavailable) return seen.error();
    if (!seen) out.files.push_back(fmt::format("{}: {}", f.name, seen.error().context));
    else if (seen->size != f.size)
      out.files.push_back(fmt::format("{} has {} bytes instead of {}", f.name, seen->size, f.size));
    else if (seen->sha256 != f.sha256) out.files.push_back(f.name + " is not what was written: its hash differs");
  }
  const auto names = files_below(directory);
  if (!names) return names.error();
  for (const auto& name : *names)
    if (!expected.contains(name)) out.files.push_back(name + " does not belong to it");
  return {};
}

result<void> check_shards(const std::string& directory, backup_verdict& out, const backup_progress& step) {
  rocks_options options;
  options.directory = directory;
  options.read_only = true;
  auto opened = rocks_store::open(options);
  if (!opened) {
    out.files.push_back("the store in it does not open: " + opened.error().context);
    return {};
  }
  const auto& identity = out.manifest.identity;
  const auto record = (*opened)->get(family::raft_state, keys::node_wide("node"), read_tier::disk);
  if (!record) return record.error();
  const auto known = record->found ? codec::decode_node(record->value) : result<codec::node_record>(errc::corrupt);
  if (!known || *known != identity) out.files.push_back("the store in it is another node's than the manifest says");
  for (std::uint16_t n = 0; n <= identity.shards; ++n) {
    replica_options shard;
    shard.shard = {n};
    shard.self = identity.node;
    shard.check_state = true;
    const auto found = load_replica(**opened, shard);
    if (!found && found.code() != errc::corrupt) return found.error();
    if (!found) {
      out.shards.push_back(fmt::format("shard {}: {}", n, found.error().context));
      const auto& listed = out.manifest.not_whole;
      if (std::find(listed.begin(), listed.end(), n) != listed.end()) out.known.push_back(n);
    }
    if (!step(out.manifest.bytes(), out.manifest.bytes())) return error{errc::unavailable, "cancelled"};
  }
  return {};
}

} // namespace

result<backup_verdict> verify_backup(const std::string& directory, const backup_progress& step) {
  auto manifest = read_manifest(directory);
  if (!manifest) return manifest.error();
  backup_verdict out;
  out.manifest = std::move(*manifest);
  if (auto done = compare_files(directory, out, step); !done) return done.error();
  // A store whose files are wrong would only be found wrong again, in other words.
  if (out.files.empty())
    if (auto done = check_shards(directory, out, step); !done) return done.error();
  return out;
}

} // namespace burrow
