// Runs test/script/queue/*.txt: a line of input, "----", what the machine said, an empty line. Each line that changes
// something is one entry. With BURROW_REWRITE=1 the files get what the machine says now, for review.
//
//   at 5s                                   the shard's time, from the start of the script
//   insert Q name,ttl=9s,hide=1s,size=3 ... also priority=1, persistent
//                                           "-" is a message without a name; "atomic", "unique" (If-None-Match: *)
//                                           key=K same=N window=T keys=N: an idempotency key (a claim, too), what it
//                                           was sent with, the bounds; producer=P,sequence=N of a message
//   claim|delete|set Q limit=2 hide=5s ...  on the queue: match_hidden lifo fifo marker=ID after=ID below=ID
//                                           bytes=N room=N; "cursor": `after` is one that a list made
//   change|remove Q ID ... ttl= hide= receipt=ID   on messages; receipt: the one that the last claim of ID gave
//   unclaim Q ID key=K                      undoes the last claim of ID
//   replace|merge Q max_messages=3 ...      settings, by names and numbers; "order=lifo", "label:x=y", "-x"
//                                           erases label x, "unset:x" gives x its default; if=settings|none; forget Q
//                                           dead_letter=Q2 claims=3 shard=9 expired: a rule, on shard 9 (0 is ours)
//   leaving S, left S 1 2 ...               what leaves for shard S; numbers that have left
//   arrive S below=1 Q,name,number=1 ...    from shard S; "-" as above
//   redrive Q to=Q2 shard=9 limit=2 rate=9 [ID ...], step Q [upto=ID], cancel Q, tasks Q   its last task
//   purge Q, clock, list Q, get Q ID, stats Q, look Q, settings Q, queues [include_empty], tenants, pending
#include "cluster/queue/machine.hpp"
#include "test/support/map_view.hpp"
#include "test/support/queue_check.hpp"
#include "test/support/queue_text.hpp"
#include "test/support/source_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace burrow;
using namespace burrow::queue;

namespace {

duration time_of(const std::string& text) {
  const auto n = std::strtoll(text.c_str(), nullptr, 10);
  return duration(text.ends_with("ms") ? n : n * 1000);
}

/// Words of a line: plain ones, and name=value.
struct line {
  std::vector<std::string> words;
  std::map<std::string, std::string> options;

  explicit line(const std::string& text, char separator = ' ') {
    std::istringstream in(text);
    for (std::string word; std::getline(in, word, separator);) {
      const auto equals = word.find('=');
      if (word.empty()) continue;
      if (equals == std::string::npos || word.find(',') < equals) words.push_back(word);
      else options[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  bool has(const std::string& word) const { return std::count(words.begin(), words.end(), word) > 0; }
  std::optional<duration> time(const std::string& name) const {
    const auto at = options.find(name);
    return at == options.end() ? std::nullopt : std::optional(time_of(at->second));
  }
  std::uint64_t number(const std::string& name, std::uint64_t otherwise) const {
    const auto at = options.find(name);
    return at == options.end() ? otherwise : std::strtoull(at->second.c_str(), nullptr, 10);
  }
  std::string text(const std::string& name) const {
    const auto at = options.find(name);
    return at == options.end() ? std::string() : at->second;
  }
};

class script {
public:
  std::string run(const std::string& text) {
    const line l(text);
    const std::string& verb = l.words.at(0);
    const queue_ref ref{"ann", l.words.size() > 1 ? l.words[1] : ""};
    if (verb == "at") {
      now_ = start_ + time_of(l.words.at(1));
      return "ok";
    }
    if (verb == "pending") {
      const auto p = pending(view_);
      return "earliest " + (p.earliest == no_instant ? "-" : std::to_string(p.earliest.ms - now_.ms) + "ms") +
             (p.sweeping ? " sweeping" : "");
    }
    if (const auto question = query_of(verb, ref, l)) return test::to_text(ask({}, now_, *question, view_).result);
    const auto what = action_of(verb, ref, l);
    if (!what) return "unknown: " + verb;
    const bool of_shard = verb == "clock" || verb == "left" || verb == "arrive";
    return change_state({of_shard ? queue_ref{} : ref, {}, *what});
  }

private:
  std::string change_state(const command& c) {
    const apply_meta meta{{}, {++index_}, now_};
    const auto out = apply(meta, {{c}}, view_);
    std::string text = test::to_text(out.replies.at(0));
    for (const auto& e : out.effects) text += "\neffect: " + std::to_string(std::get<became_visible>(e).count);
    if (const auto wrong = view_.accept(out.changes); !wrong.empty()) text += "\nWRONG " + wrong;
    if (const auto* i = std::get_if<insert>(&c.what))
      for (const auto& item : i->items) bodies_.insert({index_, item.body});
    if (const auto* a = std::get_if<arrive>(&c.what))
      for (const auto& item : a->items) bodies_.insert({index_, item.what.body.n});
    for (const auto& b : out.changes.bodies_erased) bodies_.erase({b.index.value, b.n});
    if (const auto wrong = test::check_state(view_, bodies_); !wrong.empty()) text += "\nWRONG " + wrong;
    if (const auto* t = std::get_if<take_reply>(&out.replies[0]))
      for (const auto& m : t->items)
        if (m.claim.value != 0) claims_[m.shown_id()] = m;
    return text;
  }
  std::optional<message> find(const queue_ref& ref, const std::string& id) {
    return std::get<message_answer>(ask({}, now_, {ref, get_message{id}}, view_).result).item;
  }
  std::optional<query> query_of(const std::string& verb, const queue_ref& ref, const line& l) {
    if (verb == "list") {
      list_messages q;
      q.limit = static_cast<std::uint32_t>(l.number("limit", 1000));
      q.match_hidden = l.has("match_hidden");
      q.lifo = l.has("lifo");
      q.from = from_of(ref, l);
      if (l.has("taking")) q.taking = take_action::claim;
      if (const auto region = l.text("region"); !region.empty()) q.match_meta = {{"region", region}};
      return query{ref, q};
    }
    if (verb == "get") return query{ref, get_message{l.words.at(2)}};
    if (verb == "stats") return query{ref, queue_stats{}};
    if (verb == "tasks") return query{ref, list_tasks{}};
    if (verb == "leaving") return query{{}, list_leaving{shard_in(l), {}}};
    if (verb == "settings") return query{ref, get_settings{}};
    if (verb == "look") return query{ref, look{l.has("match_hidden")}};
    if (verb == "queues")
      return query{{}, list_queues{"ann", l.text("after"), l.text("prefix"), 1000, l.has("include_empty")}};
    if (verb == "tenants") return query{{}, list_tenants{}};
    return std::nullopt;
  }
  position from_of(const queue_ref& ref, const line& l) {
    position p;
    p.marker = l.text("marker");
    if (const auto m = find(ref, l.text("after"))) p.after = m->place;
    if (p.after && l.has("cursor")) p.lifo = l.has("lifo");
    return p;
  }
  std::optional<action> action_of(const std::string& verb, const queue_ref& ref, const line& l) {
    if (verb == "insert") return insert_of(l);
    if (verb == "claim") return take_of(take_action::claim, ref, l);
    if (verb == "delete") return take_of(take_action::remove, ref, l);
    if (verb == "set") return take_of(take_action::change, ref, l);
    if (verb == "change") return change{targets_of(l), l.time("ttl"), l.time("hide")};
    if (verb == "remove") return queue::remove{targets_of(l)};
    if (verb == "left") {
      left what{shard_in(l), {}};
      for (std::size_t n = 2; n < l.words.size(); ++n)
        what.numbers.push_back({1, std::strtoull(l.words[n].c_str(), nullptr, 10)});
      return what;
    }
    if (verb == "arrive") return arrive_of(l);
    if (verb == "redrive") return redrive_of(l);
    if (verb == "step") {
      redrive_step what{last_task(ref), ~std::uint64_t{0}, {}};
      if (const auto m = find(ref, l.text("upto"))) what.upto = m->place.value;
      return what;
    }
    if (verb == "cancel") return cancel_task{last_task(ref)};
    if (verb == "purge") return purge{};
    if (verb == "clock") return queue::clock{};
    if (verb == "replace") return configure_of(configure_action::replace, ref, l);
    if (verb == "merge") return configure_of(configure_action::merge, ref, l);
    if (verb == "forget") return configure_of(configure_action::forget, ref, l);
    if (verb == "unclaim") {
      const message& m = claims_[l.words.at(2)];
      return unclaim{m.claim, {m.place}, l.text("key")};
    }
    return std::nullopt;
  }
  template <class Command>
  static void keyed(Command& what, const line& l) {
    what.idempotency_key = l.text("key");
    what.request_hash = {0, l.number("same", 0)};
    what.bounds = {l.time("window").value_or(std::chrono::seconds(600)), l.number("keys", 0), l.number("producers", 0)};
  }
  static shard_id shard_in(const line& l) {
    return {static_cast<std::uint16_t>(std::strtoul(l.words.at(1).c_str(), nullptr, 10))};
  }
  task_id last_task(const queue_ref& ref) {
    const auto all = std::get<tasks_answer>(ask({}, now_, {ref, list_tasks{}}, view_).result).items;
    return all.empty() ? task_id{} : all.front().id;
  }
  static arrive arrive_of(const line& l) {
    arrive what{shard_in(l), {1, l.number("below", 1)}, {}};
    for (std::size_t n = 2; n < l.words.size(); ++n) {
      const line parts(l.words[n], ',');
      auto& item = what.items.emplace_back();
      item.number = {1, parts.number("number", 1)};
      item.to = {"ann", parts.words.at(0)};
      auto& m = item.what;
      m.id = message_id::make(1'600'000'000'000, what.from, item.number.number);
      if (parts.words.at(1) != "-") m.name = parts.words[1];
      m.body = {{}, static_cast<std::uint32_t>(n - 2), 1, {}};
      m.claims_total = 3;
      m.dead_letter = {"origin", what.from, "old", "max_claims", 3, start_, 1};
      item.ttl = parts.time("ttl").value_or(duration{0});
    }
    return what;
  }
  static redrive redrive_of(const line& l) {
    redrive what;
    if (const auto to = l.text("to"); !to.empty()) what.to = to;
    what.to_shard = {static_cast<std::uint16_t>(l.number("shard", 0))};
    what.limit = l.number("limit", 0);
    what.max_per_second = static_cast<std::uint32_t>(l.number("rate", 1000));
    for (std::size_t n = 2; n < l.words.size(); ++n) what.ids.push_back(l.words[n]);
    return what;
  }
  configure configure_of(configure_action how, const queue_ref& ref, const line& l) {
    static const std::map<std::string, setting> names{
      {"default_ttl", setting::default_ttl}, {"default_hide", setting::default_hide}, {"max_ttl", setting::max_ttl},
      {"max_body", setting::max_body}, {"max_messages", setting::max_messages}, {"max_bytes", setting::max_bytes},
      {"max_claimed", setting::max_claimed}, {"overflow", setting::overflow}, {"durability", setting::durability},
      {"order", setting::order}, {"priorities", setting::priorities}, {"require_receipt", setting::require_receipt},
      {"dedupe_window", setting::dedupe_window}, {"pause_insert", setting::pause_insert},
      {"pause_take", setting::pause_take}, {"zone", setting::zone}, {"labels", setting::labels},
      {"dead_letter", setting::dead_letter}};
    configure what;
    what.action = how;
    what.fallback.tenant_queues_max = l.number("queues", 0);
    if (l.text("if") == "none") what.guard.if_match = {0};
    if (l.text("if") == "settings")
      what.guard.if_match = {std::get<settings_answer>(ask({}, now_, {ref, get_settings{}}, view_).result).revision};
    for (const auto& [name, value] : l.options) {
      if (name.starts_with("label:")) what.to.values.labels[name.substr(6)] = value;
      if (name == "zone") what.to.values.zone = value;
      if (name == "dead_letter")
        what.to.values.rules.dead_letter = {value, {static_cast<std::uint16_t>(l.number("shard", 0))},
                                            static_cast<std::uint16_t>(l.number("claims", 1)), l.has("expired"), true,
                                            true, 0};
      const auto at = names.find(name);
      if (at == names.end()) continue;
      what.to.named |= bit_of(at->second);
      const auto n = value == "lifo" || value == "drop_oldest" ? 1 : std::strtoull(value.c_str(), nullptr, 10);
      each_rule([&]<class T>(setting which, std::optional<T> queue_rules::*member) {
        if (which == at->second) what.to.values.rules.*member = static_cast<T>(n);
      });
    }
    for (const auto& word : l.words) {
      if (word.starts_with("unset:")) what.to.named |= bit_of(names.at(word.substr(6)));
      if (word.starts_with("-")) what.to.labels_erased.push_back(word.substr(1));
    }
    return what;
  }
  insert insert_of(const line& l) {
    insert what;
    what.atomic = l.has("atomic");
    keyed(what, l);
    what.fallback.tenant_bytes_max = l.number("quota", 0);
    what.fallback.tenant_queues_max = l.number("queues", 0);
    what.fallback.body_bytes_max = static_cast<std::uint32_t>(l.number("body_max", 0));
    for (std::size_t n = 2; n < l.words.size(); ++n) {
      const line parts(l.words[n], ',');
      if (parts.words.empty() || l.words[n] == "atomic" || l.words[n] == "unique") continue;
      auto& item = what.items.emplace_back();
      if (parts.words[0] != "-") item.name = parts.words[0];
      item.body = static_cast<std::uint32_t>(what.items.size() - 1);
      item.body_size = static_cast<std::uint32_t>(parts.number("size", 1));
      item.attributes.priority = static_cast<std::uint8_t>(parts.number("priority", 0));
      if (parts.has("persistent")) item.attributes.persistent = true;
      item.ttl = parts.time("ttl");
      item.hide = parts.time("hide");
      item.guard.if_none_match = l.has("unique");
      item.attributes.producer = parts.text("producer");
      item.sequence = parts.number("sequence", 0);
      if (const auto region = parts.text("region"); !region.empty()) item.attributes.meta["region"] = region;
    }
    return what;
  }
  take take_of(take_action what, const queue_ref& ref, const line& l) {
    take t;
    t.action = what;
    t.limit = static_cast<std::uint32_t>(l.number("limit", 1000));
    t.bytes_max = l.number("bytes", 0);
    t.ttl = l.time("ttl");
    t.hide = l.time("hide");
    t.match_hidden = l.has("match_hidden");
    if (l.has("lifo")) t.order = take_order::lifo;
    if (l.has("fifo")) t.order = take_order::fifo;
    t.from = from_of(ref, l);
    if (const auto m = find(ref, l.text("below"))) t.below = m->place;
    t.fallback.claimed_max = l.number("room", 0);
    keyed(t, l);
    return t;
  }
  std::vector<target> targets_of(const line& l) {
    std::vector<target> all;
    for (std::size_t n = 2; n < l.words.size(); ++n) {
      auto& t = all.emplace_back();
      t.id = l.words[n];
      if (l.text("receipt") != t.id) continue;
      const message& m = claims_[t.id];
      t.guard.receipt = m.claim;
      t.guard.receipt_claims = m.claims;
      t.guard.receipt_place = m.place;
    }
    return all;
  }

  static constexpr instant start_{1'700'000'000'000};
  instant now_ = start_;
  std::uint64_t index_ = 0;
  test::map_view view_;
  std::set<test::body_name> bodies_;
  std::map<std::string, message> claims_; ///< by shown id, as the last claim gave it
};

/// The file again, with what the machine says under each line of input.
std::string replay(std::istream& in) {
  script s;
  std::ostringstream out;
  bool expected = false;
  for (std::string text; std::getline(in, text);) {
    if (text == "----") expected = true;
    if (text.empty()) expected = false;
    if (expected) continue;
    out << text << '\n';
    if (text.empty() || text[0] == '#') continue;
    out << "----\n" << s.run(text) << '\n';
  }
  return out.str();
}

} // namespace

TEST_CASE("the queue machine does what the scripts say") {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(test::source_directory() + "/test/script/queue"))
    if (file.path().extension() == ".txt") files.push_back(file.path());
  std::sort(files.begin(), files.end());
  CHECK(!files.empty());
  for (const auto& file : files) {
    std::stringstream wanted;
    wanted << std::ifstream(file).rdbuf();
    const std::string real = replay(wanted);
    if (std::getenv("BURROW_REWRITE") != nullptr) std::ofstream(file) << real;
    else CHECK_MESSAGE(real == wanted.str(), file.filename().string() << " (BURROW_REWRITE=1 accepts this):\n" << real);
  }
}
