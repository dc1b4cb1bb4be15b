#include "cluster/replica/repair.hpp"

#include "cluster/base/limits.hpp"
#include "cluster/replica/stored.hpp"
#include "cluster/storage/keys.hpp"

#include <algorithm>
#include <functional>

namespace burrow {
namespace {

constexpr std::size_t page_items = 500, page_bytes = std::size_t{4} << 20;
/// Numbers that neither the shard has used nor its successor will (renewal_gap).
constexpr std::uint64_t rebuild_gap = renewal_gap / 2;

/// Goes over the pairs of a range; `each` may end it early with an error.
result<void> each_pair(const store& data, family where, std::string from, const std::string& to,
                       const std::function<result<void>(const std::string&, const std::string&)>& each) {
  scan_request request;
  request.from = std::move(from);
  request.to = to;
  request.items_max = page_items;
  request.bytes_max = page_bytes;
  for (bool complete = false; !complete;) {
    const auto page = data.scan(where, request, read_tier::disk);
    if (!page) return page.error();
    for (const auto& [key, value] : page->items)
      if (auto done = each(key, value); !done) return done;
    complete = page->complete || page->items.empty();
    if (!page->items.empty()) request.from = page->items.back().first + '\0';
  }
  return {};
}

/// The new state: what is written of it, or, for a survey, what would be.
class fresh_state final : public queue::view {
public:
  fresh_state(const store& data, std::string prefix, bool in_memory)
    : data_(data), prefix_(std::move(prefix)), in_memory_(in_memory) {}

  lookup get(std::string_view key) override {
    if (in_memory_) {
      const auto at = pairs_.find(key);
      return at == pairs_.end() ? lookup{} : lookup{state::found, at->second};
    }
    auto got = data_.get(family::queue, prefix_ + std::string(key), read_tier::disk);
    if (!got) failed_ = got.error();
    return got && got->found ? lookup{state::found, std::move(got->value)} : lookup{};
  }
  page scan(const scan_request& request) override {
    page out;
    if (in_memory_) {
      const auto end = request.to.empty() ? pairs_.end() : pairs_.lower_bound(request.to);
      auto at = pairs_.lower_bound(request.from);
      for (; at != end && out.items.size() < request.items_max; ++at) out.items.push_back(*at);
      out.complete = at == end;
      return out;
    }
    auto full = request;
    full.from = prefix_ + request.from;
    full.to = request.to.empty() ? keys::after_prefix(prefix_) : prefix_ + request.to;
    auto got = data_.scan(family::queue, full, read_tier::disk);
    if (!got) failed_ = got.error();
    if (!got) return {true, {}, true};
    for (auto& [key, value] : got->items) out.items.emplace_back(key.substr(prefix_.size()), std::move(value));
    out.complete = got->complete;
    return out;
  }

  /// For a survey: what a rebuild may read back.
  void keep(const std::vector<queue::delta::change>& changes) {
    for (const auto& c : changes) {
      if (c.value) pairs_.insert_or_assign(c.key, *c.value);
      else pairs_.erase(c.key);
    }
  }
  [[nodiscard]] const std::optional<error>& failed() const { return failed_; }

private:
  const store& data_;
  std::string prefix_;
  bool in_memory_;
  std::map<std::string, std::string, std::less<>> pairs_;
  std::optional<error> failed_;
};

class mender {
public:
  /// Without `into` nothing is written.
  mender(const store& data, shard_id shard, store* into) : data_(data), shard_(shard), into_(into) {}

  result<void> run() {
    if (auto done = read_records(); !done) return done;
    if (auto done = read_log(); !done) return done;
    if (into_) if (auto done = clear_new(); !done) return done;
    return rebuild();
  }
  result<void> commit(const renewal& as);
  repair_report report;

private:
  result<void> read_records() {
    const auto found = data_.get(family::raft_state, keys::raft_state(shard_), read_tier::disk);
    if (!found) return found.error();
    const auto read = found->found ? codec::decode_replica(shard_, found->value)
                                   : result<codec::replica_record>(errc::corrupt);
    report.record_lost = !read;
    if (read) record_ = *read;
    if (read && (record_.config.voters.size() > 1 || !record_.config.leaving.empty()))
      return error{errc::invalid_parameter, "the shard has other replicas, and is repaired by copying from them"};
    if (!read) {
      // The last generation that there is anything of.
      scan_request last{keys::raft_state(shard_), keys::after_prefix(keys::raft_state(shard_)),
                        direction::descending, 1};
      const auto page = data_.scan(family::queue, last, read_tier::disk);
      if (!page) return page.error();
      if (!page->items.empty()) record_.generation = {byte_reader(page->items[0].first.substr(2)).u32()};
    }
    const auto key = keys::queue(shard_, record_.generation, keys::applied_relative);
    const auto stored = data_.get(family::queue, key, read_tier::disk);
    if (!stored) return stored.error();
    const auto applied = stored->found ? codec::decode_applied(shard_, stored->value)
                                       : result<codec::applied_record>(errc::corrupt);
    if (applied) applied_ = *applied;
    if (applied) return {};
    // Where nothing of a state is left either, the log may have it all, from its beginning.
    const auto prefix = keys::prefix(shard_, record_.generation);
    const auto any = data_.scan(family::queue, {prefix, keys::after_prefix(prefix), direction::ascending, 2},
                                read_tier::disk);
    if (!any) return any.error();
    const std::size_t own = stored->found ? 1 : 0;
    report.applied_lost = any->items.size() > own || record_.log_first.value > 1;
    return {};
  }

  /// What of the log is not in the state, up to the first hole.
  result<void> read_log() {
    bool whole = !report.applied_lost;
    const auto begin = keys::raft_log(shard_, {applied_.index.value + 1});
    return each_pair(data_, family::raft_log, begin, keys::after_prefix(keys::raft_state(shard_)),
                     [&](const std::string& key, const std::string& value) -> result<void> {
      const auto place = keys::parse_raft_log(key);
      if (!place) return {};
      newest_ = std::max(newest_, place->second);
      auto entry = codec::decode_entry(shard_, place->second, value);
      if (entry) newest_term_ = std::max(newest_term_, entry->term);
      const auto expected = applied_.index.value + report.entries_kept + 1;
      whole = whole && entry && place->second.value == expected && codec_reads(*entry);
      for (std::uint32_t n = 0; whole && n < entry->payload.bodies.size(); ++n)
        if (!has_body({entry->index, n, entry->payload.bodies[n].size, entry->payload.bodies[n].hash}))
          ++report.bodies_missing;
      if (whole) ++report.entries_kept;
      else if (!report.applied_lost) ++report.entries_lost; // else most of them are in the state, and nobody knows
      return {};
    });
  }
  [[nodiscard]] static bool codec_reads(const raft::entry& e) {
    return e.kind != raft::entry_kind::command ||
           codec::decode_command(e.payload.command.view(), e.payload.bodies).ok();
  }

  /// Stages a copy of the body for the new generation.
  bool has_body(const queue::body_ref& body) {
    const auto key = keys::body(shard_, record_.generation, body.index, body.n);
    auto got = data_.get(family::body, key, read_tier::disk);
    if (!got || !got->found || got->value.size() != body.size || hash_of(got->value) != body.hash) return false;
    if (into_) batch_.put(family::body, keys::body(shard_, next(), body.index, body.n), std::move(got->value));
    return true;
  }

  [[nodiscard]] generation next() const { return {record_.generation.value + 1}; }

  /// What an earlier attempt may have left. The bodies of the log are staged already, and stay.
  result<void> clear_new() {
    write_batch old;
    const auto prefix = keys::prefix(shard_, next());
    old.erase_range(family::queue, prefix, keys::after_prefix(prefix));
    old.erase_range(family::body, prefix, keys::after_prefix(prefix));
    return into_->write(old);
  }

  result<void> rebuild() {
    fresh_state into(data_, keys::prefix(shard_, next()), !into_);
    newest_ = std::max(newest_, applied_.index);
    queue::rebuilder anew({shard_, {newest_.value + rebuild_gap}, applied_.time}, into,
                          [this](const queue::body_ref& body) { return has_body(body); });
    const auto flush = [&]() -> result<void> {
      const auto changes = anew.take();
      if (!into_) return into.keep(changes), result<void>{};
      for (const auto& c : changes) {
        if (c.value) batch_.put(family::queue, keys::queue(shard_, next(), c.key), *c.value);
        else batch_.erase(family::queue, keys::queue(shard_, next(), c.key));
      }
      auto done = into_->write(batch_);
      batch_ = {};
      return into.failed() ? *into.failed() : done;
    };
    const auto prefix = keys::prefix(shard_, record_.generation);
    const auto read = each_pair(data_, family::queue, prefix, keys::after_prefix(prefix),
                                [&](const std::string& key, const std::string& value) -> result<void> {
      const auto relative = std::string_view(key).substr(keys::prefix_bytes);
      if (relative == keys::applied_relative) return {};
      anew.pair(relative, value);
      return anew.full() || batch_.bytes > limits::writer_batch_bytes_max ? flush() : result<void>{};
    });
    if (!read) return read;
    if (auto done = flush(); !done) return done;
    if (auto done = flush(); !done) return done; // queues that have settings and no message
    report.state = anew.report();
    newest_ = std::max(newest_, report.state.newest);
    return {};
  }

  const store& data_;
  shard_id shard_;
  store* into_;
  codec::replica_record record_;
  codec::applied_record applied_;
  log_index newest_;
  term newest_term_;
  write_batch batch_;
};

/// The one batch that makes the new state the shard's.
result<void> mender::commit(const renewal& as) {
  hash128 sum;
  const auto prefix = keys::prefix(shard_, next());
  const auto added = each_pair(data_, family::queue, prefix, keys::after_prefix(prefix),
                               [&](const std::string& key, const std::string& value) -> result<void> {
    sum = sum + hash_of(std::string_view(key).substr(keys::prefix_bytes), value);
    return {};
  });
  if (!added) return added;
  const auto old = record_.generation;
  // What was applied is not known without its record: everything that was ever numbered, then.
  if (report.applied_lost) applied_.index = newest_;
  record_.generation = next();
  record_.log_first = {applied_.index.value + 1};
  record_.hard.term = {std::max({record_.hard.term.value, applied_.term.value, newest_term_.value, std::uint64_t{1}})};
  if (report.applied_lost) applied_.term = record_.hard.term;
  // Higher than any count of lives that came before: they are few, and seconds are many.
  if (report.record_lost) record_.life = static_cast<std::uint64_t>(std::max<std::int64_t>(applied_.time.ms / 1000, 1));
  record_.replica = as.replica;
  record_.config.voters = {{as.replica, as.node}};
  record_.snapshot.config = record_.config;
  applied_.state_hash = sum;

  write_batch batch;
  const auto log = keys::raft_state(shard_);
  batch.erase_range(family::raft_log, log, keys::raft_log(shard_, record_.log_first));
  batch.erase_range(family::raft_log, keys::raft_log(shard_, {record_.log_first.value + report.entries_kept}),
                    keys::after_prefix(log));
  for (const auto f : {family::queue, family::body})
    batch.erase_range(f, keys::prefix(shard_, old), keys::after_prefix(keys::prefix(shard_, old)));
  batch.put(family::queue, keys::queue(shard_, record_.generation, keys::applied_relative),
            codec::encode_applied(shard_, applied_));
  batch.put(family::raft_state, log, codec::encode_replica(shard_, record_));
  if (auto done = into_->write(batch); !done) return done;
  return into_->sync();
}

} // namespace

result<std::optional<std::string>> find_damage(const store& data, shard_id shard) {
  replica_options options;
  options.shard = shard;
  options.check_state = true;
  const auto found = load_replica(data, options);
  if (found) return std::optional<std::string>{};
  if (found.code() != errc::corrupt) return found.error();
  const auto& why = found.error().context;
  return std::optional<std::string>{why.empty() ? "a checksum does not match" : why};
}

result<repair_report> survey_shard(const store& data, shard_id shard) {
  mender look(data, shard, nullptr);
  if (auto done = look.run(); !done) return done.error();
  return std::move(look.report);
}

result<repair_report> repair_shard(store& data, const renewal& as) {
  std::optional<repair_report> out;
  // Entries that are applied only now may bring messages whose bodies are lost; a second look leaves these out.
  for (int round = 0; round < 2; ++round) {
    mender mend(data, as.shard, &data);
    if (auto done = mend.run(); !done) return done.error();
    if (auto done = mend.commit(as); !done) return done.error();
    if (auto done = renew_replica(data, as); !done) return done.error();
    if (!out) out = std::move(mend.report);
    else out->state = std::move(mend.report.state);
    const auto damage = find_damage(data, as.shard);
    if (!damage) return damage.error();
    if (!*damage) return std::move(*out);
  }
  return error{errc::corrupt, "the shard is damaged still"};
}

} // namespace burrow
