#include "actors/gateway/settings_json.hpp"

#include "actors/gateway/json_members.hpp"
#include "actors/gateway/json_write.hpp"
#include "actors/gateway/names.hpp"
#include "cluster/base/bytes.hpp"

#include <array>

namespace burrow {
namespace {

using queue::setting;

/// How a member is written.
enum class form : std::uint8_t { number, choice, boolean };
constexpr std::array<std::string_view, 3> overflow_words = {"reject", "drop_oldest", ""};
constexpr std::array<std::string_view, 3> durability_words = {"memory", "local", "quorum"};
constexpr std::array<std::string_view, 3> order_words = {"fifo", "lifo", ""};

/// The members that are one value, in the order of the contract's table. `paused`, `partitions`, `dead_letter`, `zone`
/// and `labels` have shapes of their own.
struct row {
  std::string_view name;
  setting which;
  form shape;
  std::uint64_t shipped;
  std::array<std::string_view, 3> words{};
};
constexpr std::array rows = {
  row{"default_ttl", setting::default_ttl, form::number, limits::default_ttl_s},
  row{"default_hide", setting::default_hide, form::number, 0},
  row{"max_ttl", setting::max_ttl, form::number, 0},
  row{"max_body", setting::max_body, form::number, limits::body_default_max},
  row{"max_messages", setting::max_messages, form::number, 0},
  row{"max_bytes", setting::max_bytes, form::number, 0},
  row{"max_claimed", setting::max_claimed, form::number, limits::claimed_default_max},
  row{"overflow", setting::overflow, form::choice, 0, overflow_words},
  row{"durability", setting::durability, form::choice, 2, durability_words},
  row{"order", setting::order, form::choice, 0, order_words},
  row{"priorities", setting::priorities, form::number, 1},
  row{"require_receipt", setting::require_receipt, form::boolean, 0},
  row{"dedupe_window", setting::dedupe_window, form::number, limits::dedupe_window_default_s},
};

// ---- reading ------------------------------------------------------------------------------------------------------

/// Nothing: unset.
void set(queue::queue_rules& rules, setting which, std::optional<std::uint64_t> value) {
  queue::each_rule([&]<class T>(setting s, std::optional<T> queue::queue_rules::*member) {
    if (s == which) rules.*member = value ? std::optional{static_cast<T>(*value)} : std::nullopt;
  });
}

constexpr std::string_view rule_queue_wanted = "Must be the name of a queue.";
constexpr std::string_view rule_claims_wanted = "Must be a whole number from 1 to 1000.";
static_assert(limits::dead_letter_claims_max == 1000);

void add_error(std::string& errors, std::string_view at, std::string_view why) {
  if (!errors.empty()) errors += ", ";
  errors += "{\"pointer\": ";
  json_string(errors, at);
  errors += ", \"detail\": ";
  json_string(errors, why);
  errors += "}";
}

problem faulty(const std::string& errors) {
  return {problem_type::invalid_settings, {}, ", \"errors\": [" + errors + "]"};
}

class reader {
public:
  explicit reader(bool patch) : patch_(patch) {}
  queue::settings_change out;
  std::uint8_t rule_kept = 0;

  bool member(std::string_view name, std::string_view value) {
    const bool null = value == "null";
    if (name == "paused") return paused(value);
    if (name == "labels") return labels(value);
    if (name == "zone") return zone(value);
    if (name == "partitions") {
      if (!null && value != "1") fault("/partitions", "This version has 1 partition a queue.");
      return true;
    }
    if (name == "dead_letter") return dead_letter(value);
    for (const auto& r : rows) {
      if (r.name != name) continue;
      out.named |= bit_of(r.which);
      set(out.values.rules, r.which, std::nullopt); // of a name given twice the last counts
      if (!null) scalar(r, value);
      return true;
    }
    fault(pointer(name), "There is no such setting.");
    return true;
  }

  [[nodiscard]] std::optional<problem> faults() const {
    if (errors_.empty()) return std::nullopt;
    return faulty(errors_);
  }

private:
  void scalar(const row& r, std::string_view value) {
    std::optional<std::uint64_t> n;
    if (r.shape == form::boolean) {
      if (value == "true" || value == "false") n = value == "true" ? 1 : 0;
      if (!n) return fault(pointer(r.name), "Must be true or false.");
    } else if (r.shape == form::choice) {
      const auto word = value.starts_with('"') ? json_unquoted(value) : std::string{};
      for (std::size_t i = 0; i < r.words.size(); ++i)
        if (!word.empty() && r.words[i] == word) n = i;
      if (!n) return fault(pointer(r.name), choices(r));
    } else {
      const auto [low, high] = queue::range_of(r.which);
      const auto natural = json_natural(value);
      if (natural && static_cast<std::uint64_t>(*natural) >= low && static_cast<std::uint64_t>(*natural) <= high)
        n = static_cast<std::uint64_t>(*natural);
      if (!n)
        return fault(pointer(r.name), "Must be a whole number from " + std::to_string(low) + " to " +
                                        std::to_string(high) + ".");
    }
    set(out.values.rules, r.which, *n);
  }
  static std::string choices(const row& r) {
    std::string text = "Must be one of";
    for (const auto word : r.words)
      if (!word.empty()) text.append(text.back() == 'f' ? " " : ", ").append(word);
    return text + ".";
  }

  bool paused(std::string_view value) {
    constexpr auto both = bit_of(setting::pause_insert) | bit_of(setting::pause_take);
    for (const auto which : {setting::pause_insert, setting::pause_take}) set(out.values.rules, which, std::nullopt);
    if (value == "null") return out.named |= both, true;
    json_scan scan{value};
    const bool shaped = value.starts_with('{') && json_object(scan, [&](std::string_view name, std::string_view one) {
      const bool insert = name == "insert";
      if (!insert && name != "take") return fault("/paused" + pointer(name), "There is no such setting."), true;
      const auto which = insert ? setting::pause_insert : setting::pause_take;
      out.named |= bit_of(which);
      if (one == "true" || one == "false") set(out.values.rules, which, one == "true" ? 1 : 0);
      else if (one != "null") fault("/paused" + pointer(name), "Must be true or false.");
      return true;
    });
    if (!shaped) fault("/paused", "Must be an object with \"insert\" and \"take\".");
    return true;
  }

  bool dead_letter(std::string_view value) {
    out.named |= bit_of(setting::dead_letter);
    auto& rule = out.values.rules.dead_letter;
    rule.reset();
    rule_kept = 0;
    if (value == "null") return true;
    rule.emplace();
    std::uint8_t given = 0;
    json_scan scan{value};
    const bool shaped = value.starts_with('{') && json_object(scan, [&](std::string_view name, std::string_view one) {
      if (name == "queue") given |= rule_queue, rule_target(*rule, one);
      else if (name == "max_claims") given |= rule_max_claims, rule_claims(*rule, one);
      else if (name != "expired") fault("/dead_letter" + pointer(name), "There is no such setting.");
      else if (one == "true" || one == "false" || one == "null") given |= rule_expired, rule->expired = one == "true";
      else fault("/dead_letter/expired", "Must be true or false.");
      return true;
    });
    if (!shaped) return fault("/dead_letter", "Must be null or an object with \"queue\" and \"max_claims\"."), true;
    rule_kept = patch_ ? static_cast<std::uint8_t>(~given & (rule_queue | rule_max_claims | rule_expired)) : 0;
    if (!patch_ && (given & rule_queue) == 0) fault("/dead_letter/queue", rule_queue_wanted);
    if (!patch_ && (given & rule_max_claims) == 0) fault("/dead_letter/max_claims", rule_claims_wanted);
    return true;
  }
  void rule_target(queue::dead_letter_rule& rule, std::string_view value) {
    rule.queue = value.starts_with('"') ? json_unquoted(value) : std::string{};
    if (!name_problem(rule.queue).empty()) fault("/dead_letter/queue", rule_queue_wanted);
  }
  void rule_claims(queue::dead_letter_rule& rule, std::string_view value) {
    const auto n = json_natural(value).value_or(0);
    if (n < 1 || n > limits::dead_letter_claims_max) return fault("/dead_letter/max_claims", rule_claims_wanted);
    rule.max_claims = static_cast<std::uint16_t>(n);
  }

  bool labels(std::string_view value) {
    out.values.labels.clear();
    out.labels_erased.clear();
    if (value == "null") return out.named |= bit_of(setting::labels), true;
    json_scan scan{value};
    std::size_t count = 0;
    const bool shaped = value.starts_with('{') && json_object(scan, [&](std::string_view name, std::string_view one) {
      const bool named = !name.empty() && name.size() <= limits::label_name_bytes_max;
      const bool null = one == "null";
      const std::string text = one.starts_with('"') ? json_unquoted(one) : std::string{};
      if (++count > limits::labels_max) {
        if (count == limits::labels_max + 1) fault("/labels", "There may be at most 32.");
      } else if (!named || text.size() > limits::label_bytes_max || (!null && !one.starts_with('"'))) {
        fault("/labels" + pointer(name), "A label is a string of at most 255 bytes under a name of 1 to 64.");
      } else if (null) {
        out.labels_erased.emplace_back(name);
      } else {
        out.values.labels.insert_or_assign(std::string{name}, text);
      }
      return true;
    });
    if (!shaped) fault("/labels", "Must be an object of strings.");
    return true;
  }

  bool zone(std::string_view value) {
    out.named |= bit_of(setting::zone);
    out.values.zone.reset();
    if (value == "null") return true;
    auto text = value.starts_with('"') ? json_unquoted(value) : std::string{};
    if (!name_problem(text).empty()) fault("/zone", "Must be null or the name of a zone.");
    else out.values.zone = std::move(text);
    return true;
  }

  /// "/name" with what RFC 6901 escapes.
  static std::string pointer(std::string_view name) {
    std::string text = "/";
    for (const char c : name.substr(0, limits::name_bytes_max)) {
      if (c == '~') text += "~0";
      else if (c == '/') text += "~1";
      else text += c;
    }
    return utf8_is_valid(text) ? text : "/?";
  }
  void fault(std::string_view at, std::string_view why) {
    if (++faults_ <= faults_max) add_error(errors_, at, why);
  }

  static constexpr std::size_t faults_max = 32; ///< more are not listed
  bool patch_;
  std::string errors_;
  std::size_t faults_ = 0;
};

// ---- writing ------------------------------------------------------------------------------------------------------

std::optional<std::uint64_t> own_value(const queue::queue_rules& rules, setting which) {
  std::optional<std::uint64_t> out;
  queue::each_rule([&](setting s, auto member) {
    if (s == which && rules.*member) out = static_cast<std::uint64_t>(*(rules.*member));
  });
  return out;
}

std::uint64_t server_value(const row& r, const queue::defaults& server) {
  const auto seconds = [](duration d) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(d).count());
  };
  switch (r.which) {
    case setting::default_ttl: return seconds(server.ttl);
    case setting::default_hide: return seconds(server.hide);
    case setting::max_body: return server.body_bytes_max;
    case setting::max_claimed: return server.claimed_max;
    default: return r.shipped;
  }
}

class writer {
public:
  writer(std::string& out, bool with_sources) : out_(out), with_sources_(with_sources) {}

  /// `value` appends it.
  template <class Value>
  void member(std::string_view name, std::string_view from, Value value) {
    out_ += out_.ends_with('{') ? "\"" : ", \"";
    out_ += name;
    out_ += with_sources_ ? "\": {\"value\": " : "\": ";
    value(out_);
    if (!with_sources_) return;
    out_ += ", \"from\": \"";
    out_ += from;
    out_ += "\"}";
  }

private:
  std::string& out_;
  bool with_sources_;
};

std::string_view source(bool own) { return own ? "queue" : "shipped"; }

void append_value(std::string& to, const row& r, std::uint64_t value) {
  if (r.shape == form::number) return append_number(to, value);
  if (r.shape == form::boolean) {
    to += value != 0 ? "true" : "false";
    return;
  }
  json_string(to, r.words[value]);
}

void append_rule(std::string& to, const std::optional<queue::dead_letter_rule>& rule) {
  if (!rule) {
    to += "null";
    return;
  }
  to += "{\"queue\": ";
  json_string(to, rule->queue);
  to += ", \"max_claims\": ";
  append_number(to, rule->max_claims);
  to += rule->expired ? ", \"expired\": true}" : ", \"expired\": false}";
}

} // namespace

std::variant<settings_read, problem> read_settings(std::string_view text, bool patch) {
  reader in(patch);
  bool shaped = utf8_is_valid(text);
  if (shaped) {
    json_scan scan{text};
    scan.space();
    shaped = json_object(scan, [&](std::string_view name, std::string_view value) { return in.member(name, value); }) &&
             scan.done();
  }
  if (!shaped) return problem{problem_type::invalid_json, "The body is not one JSON object of settings.", {}};
  if (auto bad = in.faults()) return *bad;
  return settings_read{std::move(in.out), in.rule_kept};
}

problem too_many_labels() {
  std::string errors;
  add_error(errors, "/labels", "There may be at most 32.");
  return faulty(errors);
}

problem incomplete_rule(std::uint8_t members) {
  std::string errors;
  if ((members & rule_queue) != 0) add_error(errors, "/dead_letter/queue", rule_queue_wanted);
  if ((members & rule_max_claims) != 0) add_error(errors, "/dead_letter/max_claims", rule_claims_wanted);
  return faulty(errors);
}

void settings_json(std::string& out, const queue::settings& own, const queue::defaults& server, bool with_sources) {
  out += "{";
  writer to(out, with_sources);
  for (const auto& r : rows) {
    const auto set_here = own_value(own.rules, r.which);
    const auto otherwise = server_value(r, server);
    const auto from = set_here ? "queue" : otherwise != r.shipped ? "server" : "shipped";
    to.member(r.name, from, [&](std::string& text) { append_value(text, r, set_here.value_or(otherwise)); });
    if (r.which == setting::priorities)
      to.member("partitions", "shipped", [](std::string& text) { text += "1"; });
    if (r.which == setting::require_receipt)
      to.member("dead_letter", source(own.rules.dead_letter.has_value()),
                [&](std::string& text) { append_rule(text, own.rules.dead_letter); });
  }
  to.member("zone", source(own.zone.has_value()),
            [&](std::string& text) { json_string_or_null(text, own.zone.value_or("")); });
  const auto insert = own.rules.pause_insert, take = own.rules.pause_take;
  to.member("paused", source(insert || take), [&](std::string& text) {
    text += insert.value_or(false) ? "{\"insert\": true, " : "{\"insert\": false, ";
    text += take.value_or(false) ? "\"take\": true}" : "\"take\": false}";
  });
  to.member("labels", source(!own.labels.empty()), [&](std::string& text) {
    text += "{";
    for (const auto& [name, value] : own.labels) {
      if (!text.ends_with('{')) text += ", ";
      json_string(text, name);
      text += ": ";
      json_string(text, value);
    }
    text += "}";
  });
  out += "}";
}

std::string settings_tag(const queue::defaults& server) {
  std::string text;
  settings_json(text, {}, server, false);
  static constexpr char digits[] = "0123456789abcdef";
  std::string tag;
  for (int shift = 28; shift >= 0; shift -= 4) tag += digits[(hash_of(text).low >> shift) & 15];
  return tag;
}

} // namespace burrow
