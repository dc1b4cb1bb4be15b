#include "node/shard_repair.hpp"

#include "cluster/storage/apply_marker.hpp"
#include "cluster/storage/keys.hpp"
#include "cluster/storage/rocks_rescue.hpp"
#include "node/audit.hpp"
#include "node/data_directory.hpp"
#include "node/text.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <filesystem>
#include <set>

namespace burrow {
namespace {

namespace fs = std::filesystem;

std::string range_text(const unreadable_range& r) {
  const auto shard = [](const std::string& key) {
    return key.size() < 2 ? std::string("the end") : fmt::format("shard {}", byte_reader(key).u16());
  };
  constexpr const char* names[] = {"log", "bodies", "records", "state"};
  return fmt::format("a part of the {}, from {} to {}", names[static_cast<std::size_t>(r.where)],
                     r.after.empty() ? "the beginning" : shard(r.after), shard(r.before));
}

class repair_impl final : public shard_repair {
public:
  repair_impl(const settings& with, data_directory data) : with_(with), data_(std::move(data)) {}
  ~repair_impl() override {
    store_.reset();
    data_.store.reset();
    std::error_code unseen;
    fs::remove_all(beside(), unseen);
    ::close(data_.lock);
  }

  result<void> survey(const std::vector<shard_id>& shards) {
    store_ = data_.store;
    std::error_code unseen;
    fs::remove_all(beside(), unseen);
    if (const auto read = check_tables(*data_.store); !read) {
      if (read.code() != errc::corrupt) return read;
      if (auto made = rescue(); !made) return made;
    }
    for (const auto shard : shards) {
      if (shard.value > data_.identity.shards)
        return error{errc::config_invalid, fmt::format("there is no shard {}: they are 0 to {}", shard.value,
                                                       data_.identity.shards)};
      // The damage is the node's own store's, even where the copy's log makes it good.
      const auto damage = find_damage(*data_.store, shard);
      if (!damage) return damage.error();
      shard_survey one{shard, damage->value_or(""), {}};
      if (*damage) {
        auto would = survey_shard(*store_, shard);
        if (!would) return would.error();
        one.would = std::move(*would);
      }
      surveys_.push_back(std::move(one));
    }
    return {};
  }

  [[nodiscard]] const std::vector<shard_survey>& surveys() const override { return surveys_; }
  [[nodiscard]] const std::vector<std::string>& unreadable() const override { return unreadable_; }

  result<void> carry_out(const std::string& reason) override {
    if (auto noted = note("begins", reason); !noted) return noted;
    const auto done = mend();
    if (auto noted = note(done ? "done" : "failed", reason); !noted) return noted;
    return done;
  }

private:
  [[nodiscard]] std::string beside() const { return with_.data + "/repair"; }

  /// Without the blocks that cannot be read, in a directory of its own: the damaged database stays as it is for now.
  result<void> rescue() {
    const auto need = data_.store->stats().table_bytes;
    if (const auto space = data_.store->space(); space.free < need + with_.disk_stop)
      return error{errc::no_space, fmt::format("blocks of the store cannot be read, so it has to be copied without "
                                               "them: {} are needed, {} are free", human_size(need),
                                               human_size(space.free))};
    auto options = store_options(with_);
    options.directory = beside();
    const auto gaps = rescue_tables(*data_.store, options);
    if (!gaps) return gaps.error();
    for (const auto& g : *gaps) unreadable_.push_back(range_text(g));
    auto opened = rocks_store::open(options);
    if (!opened) return opened.error();
    store_ = std::move(*opened);
    return {};
  }

  result<void> note(const char* outcome, const std::string& reason) {
    audit_event line{"shard-repair", audit_user(), outcome, {}, {{"reason", reason}}};
    for (const auto& s : surveys_)
      if (!s.damage.empty())
        line.facts.emplace_back(fmt::format("shard {}", s.shard.value),
                                fmt::format("{}; keeps {} messages, loses {} that can be counted and {} entries",
                                            s.damage, s.would.state.messages, s.would.state.lost_messages,
                                            s.would.entries_lost));
    for (const auto& text : unreadable_) line.facts.emplace_back("unreadable", text);
    return audit(with_.data, line);
  }

  result<void> mend() {
    auto marker = apply_marker::open(with_.data, std::size_t{data_.identity.shards} + 1);
    if (!marker) return marker.error();
    std::set<shard_id> unchecked;
    for (std::uint16_t n = 0; n <= data_.identity.shards; ++n)
      if (data_.loss->must_check({n})) unchecked.insert({n});
    const bool copied = store_ != data_.store;
    // What could not be read may have been of any shard: until a start has looked, none is taken for whole.
    if (copied) if (auto begun = data_.loss->begin(); !begun) return begun;
    for (const auto& s : surveys_) {
      if (s.damage.empty()) continue;
      const auto done = repair_shard(*store_, {s.shard, data_.identity.node, {random_number() | 1U}, true});
      if (!done) return done.error();
      marker->forget(s.shard);
      unchecked.erase(s.shard);
    }
    if (auto closed = store_->close(); !closed) return closed;
    if (copied) {
      if (auto closed = data_.store->close(); !closed) return closed;
      return exchange_databases(with_.data, beside());
    }
    return data_.loss->settle(std::move(unchecked));
  }

  settings with_;
  data_directory data_;
  std::shared_ptr<rocks_store> store_; ///< the node's own, or the copy beside it
  std::vector<shard_survey> surveys_;
  std::vector<std::string> unreadable_;
};

} // namespace

result<std::unique_ptr<shard_repair>> shard_repair::open(const settings& with, std::vector<shard_id> shards) {
  std::error_code unseen;
  if (!fs::exists(with.data + "/rocks", unseen))
    return error{errc::config_invalid, fmt::format("data: there is no node in {}", with.data)};
  auto data = data_directory::open(with);
  if (!data) return data.error();
  auto made = std::make_unique<repair_impl>(with, std::move(*data));
  if (auto done = made->survey(shards); !done) {
    const error why = done.error();
    return why;
  }
  return std::unique_ptr<shard_repair>(std::move(made));
}

} // namespace burrow
