#include "test/support/rocks_golden.hpp"

#include "cluster/codec/log_codec.hpp"
#include "cluster/queue/move_records.hpp"
#include "cluster/queue/remembered.hpp"
#include "cluster/queue/repeat_records.hpp"
#include "cluster/queue/snapshot.hpp"
#include "cluster/storage/keys.hpp"

#include <fstream>
#include <sstream>

namespace burrow::test {
namespace {

constexpr family all_families[] = {family::raft_log, family::body, family::raft_state, family::queue};
constexpr const char* family_names[] = {"raft_log", "body", "raft_state", "queue"};

} // namespace

std::string hex(std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const auto c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    out += {digits[b >> 4], digits[b & 15]};
  }
  return out.empty() ? "-" : out;
}

std::string list_of(const store& s) {
  std::ostringstream out;
  for (const auto f : all_families) {
    const auto page = s.scan(f, {.from = "", .to = "", .items_max = 10'000}, read_tier::disk);
    BURROW_ASSERT(page.ok() && page->complete);
    for (const auto& [key, value] : page->items) {
      std::string shown = value;
      if (value.size() > 64) {
        shown.clear();
        byte_writer(shown).hash(hash_of(value));
      }
      out << family_names[static_cast<int>(f)] << ' ' << hex(key) << ' ' << value.size() << ' ' << hex(shown) << '\n';
    }
  }
  return out.str();
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

void copy_golden(const std::string& from, const std::string& to) {
  copy_files(from, to);
  for (const auto& entry : std::filesystem::directory_iterator(to + "/rocks")) {
    const auto name = entry.path().filename().string();
    if (name.starts_with("LOG") || name.starts_with("OPTIONS") || name == "LOCK") std::filesystem::remove(entry.path());
  }
}

std::string rewritten(shard_id shard, std::string_view relative, std::string_view value) {
  const auto places = [&] {
    std::string out;
    for (const auto p : queue::decode_places(value)) out += queue::encode_place(p);
    return out;
  };
  if (relative == keys::applied_relative)
    return codec::encode_applied(shard, codec::decode_applied(shard, value).value());
  switch (relative[0]) {
    case 0x10: return encode(queue::decode_shard(value).value());
    case queue::key::due_family:
      return queue::key::queue(queue::key::queue_of(queue::key::queue_family + std::string(value))).substr(1);
    case queue::key::memory_family: return encode(queue::decode_memory(value).value());
    case queue::key::memory_due_family: return encode(queue::decode_name(value).value());
    case queue::key::remembered_family:
      if (relative[9] == static_cast<char>(queue::remembered_kind::producer))
        return encode(queue::decode_producer(value).value());
      return encode(queue::decode_key(value).value());
    case queue::key::gateway_family: return encode(queue::decode_gateway(value).value());
    case queue::key::kept_family: return encode(queue::decode_page(value).value());
    case queue::key::queue_family: return encode(queue::decode_queue(value).value());
    case queue::key::tenant_family: return encode(queue::decode_tenant(value).value());
    case queue::key::registry_family: return std::string(value);
    case queue::key::pair_family: return encode(queue::decode_pair(value).value());
    case queue::key::leaving_family:
      return encode(queue::decode_leaving(queue::key::move_of(relative), value).value());
    case queue::key::source_family: return encode(queue::decode_move(value).value());
    case queue::key::arrived_family: return {};
    case queue::key::task_family:
      return encode(queue::decode_task({queue::key::last_number(relative)}, value).value());
    case queue::key::ids_family: return queue::encode(queue::decode_ids(value).value());
    case queue::key::step_family:
    case queue::key::forget_family:
      return queue::key::queue(queue::key::queue_of(queue::key::queue_family + std::string(value))).substr(1);
    case 0x30: break;
    default: return "a key of no family";
  }
  switch (queue::key::kind_of(relative)) {
    case queue::key::kind::message:
      return encode(queue::decode_message({queue::key::last_number(relative)}, value).value());
    case queue::key::kind::name: return queue::decode_places(value).size() == 1 ? places() : "not one place";
    case queue::key::kind::ready: return {};
    case queue::key::kind::group: return places();
    case queue::key::kind::line: return {};
    case queue::key::kind::id: return queue::decode_places(value).size() == 1 ? places() : "not one place";
  }
  return "a key of no kind";
}

} // namespace burrow::test
