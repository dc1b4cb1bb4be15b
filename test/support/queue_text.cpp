#include "test/support/queue_text.hpp"

#include <sstream>

namespace burrow::test {

namespace {

using namespace queue;

/// By number (queue::setting).
constexpr const char* setting_names[] = {
  "default_ttl", "default_hide", "max_ttl", "max_body", "max_messages", "max_bytes", "max_claimed", "overflow",
  "durability", "lifo", "priorities", "require_receipt", "dedupe_window", "pause_insert", "pause_take"};

std::string left(instant deadline, instant now) {
  return deadline == no_instant ? "-" : std::to_string(deadline.ms - now.ms) + "ms";
}
/// Log index and count, as the machine draws its numbers.
std::string number(std::uint64_t n) { return std::to_string(n >> 16) + '.' + std::to_string(n & 0xFFFF); }
std::string problem(errc code) { return code == errc::ok ? "ok" : std::string(to_string(code)); }

template <class List>
void lines(std::ostream& out, const List& items, instant now) {
  for (const auto& m : items) out << "\n  " << to_text(m, now);
}

struct reply_writer {
  std::ostream& out;
  void operator()(const insert_reply& r) const {
    out << "insert " << problem(r.problem) << (r.replayed ? " replayed" : "");
    if (r.dropped > 0) out << " dropped " << r.dropped;
    for (const auto& i : r.items) {
      if (i.status == insert_status::failed) {
        out << "\n  failed " << problem(i.problem);
        continue;
      }
      if (i.status == insert_status::duplicate) {
        out << "\n  duplicate " << (i.name.empty() ? "(nameless)" : i.name);
        continue;
      }
      out << "\n  " << (i.status == insert_status::created ? "created " : "replaced ")
          << (i.name.empty() ? "(nameless)" : i.name) << " place " << number(i.place.value) << " revision "
          << i.revision;
    }
  }
  void operator()(const take_reply& r) const {
    out << "take " << problem(r.problem);
    if (r.replayed) out << " replayed of " << r.first_count;
    out << " count " << r.count << (r.more ? " more" : "")
        << (r.queue_exists ? "" : " gone") << (r.visible_left ? " visible-left" : "");
    lines(out, r.items, r.now);
  }
  void operator()(const targets_reply& r) const {
    out << "targets" << (r.queue_exists ? "" : " gone") << (r.visible_left ? " visible-left" : "");
    for (const auto& t : r.items) {
      out << "\n  " << problem(t.problem);
      if (t.item) out << ' ' << to_text(*t.item, r.now);
    }
  }
  void operator()(const purge_reply& r) const { out << "purge " << r.count; }
  void operator()(const settings_reply& r) const {
    out << "settings " << problem(r.problem) << (r.created ? " created" : "") << (r.revision == 0 ? " none" : "")
        << to_text(r.value);
  }
  void operator()(const done_reply& r) const {
    out << "done " << problem(r.problem) << (r.changed ? " changed" : "");
    if (!r.value.empty()) out << " value " << r.value;
  }

  void operator()(const task_reply& r) const {
    out << "task " << problem(r.problem) << (r.replayed ? " replayed" : "");
    if (r.problem == errc::ok) out << ' ' << to_text(r.task);
  }
  void operator()(const arrive_reply& r) const {
    out << "arrive";
    for (const auto code : r.items) out << ' ' << problem(code);
  }
  void operator()(const refused_reply& r) const { out << "refused " << problem(r.problem); }
};

struct answer_writer {
  std::ostream& out;
  void operator()(const messages_answer& a) const {
    if (a.remembered) out << "remembered ";
    out << "list" << (a.problem == errc::ok ? "" : " " + problem(a.problem)) << (a.queue_exists ? "" : " gone")
        << (a.more ? " more" : "");
    lines(out, a.items, a.now);
  }
  void operator()(const message_answer& a) const {
    out << "get " << (a.item ? to_text(*a.item, a.now) : "nothing");
  }
  void operator()(const stats_answer& a) const {
    const auto& s = a.summary;
    out << "stats" << (a.queue_exists ? "" : " gone") << " visible " << s.visible << " delayed " << s.delayed
        << " claimed " << s.claimed << (s.moving > 0 ? " moving " + std::to_string(s.moving) : std::string())
        << " bytes " << s.bytes << " oldest " << left(s.oldest_created, a.now)
        << " visible " << left(s.oldest_visible_created, a.now);
  }
  void operator()(const look_answer& a) const {
    out << "look " << (a.maybe ? "maybe" : "no") << (a.queue_exists ? "" : " gone");
  }
  void operator()(const queues_answer& a) const {
    out << "queues" << (a.more ? " more" : "");
    for (const auto& s : a.items)
      out << "\n  " << s.name << " visible " << s.visible << " hidden " << s.delayed + s.claimed << " bytes "
          << s.bytes << (s.has_settings ? " settings" : "");
  }
  void operator()(const settings_answer& a) const {
    out << "settings" << (a.revision == 0 ? " none" : "") << to_text(a.value);
  }
  void operator()(const tenants_answer& a) const {
    out << "tenants" << (a.more ? " more" : "");
    for (const auto& t : a.items)
      out << "\n  " << t.name << " queues " << t.queues << " messages " << t.messages << " bytes " << t.bytes;
  }
  void operator()(const tasks_answer& a) const {
    out << "tasks";
    for (const auto& t : a.items) out << "\n  " << to_text(t);
  }
  void operator()(const task_answer& a) const { out << "task " << (a.item ? to_text(*a.item) : "nothing"); }
  void operator()(const leaving_answer& a) const {
    out << "leaving, done below " << a.done_below.number << (a.more ? " more" : "");
    for (const auto& m : a.items)
      out << "\n  " << m.number.number << " to " << m.to.queue << ' ' << to_text(m.what, m.what.created);
  }
  void operator()(const look_ahead_answer& a) const {
    out << "ahead" << (a.runs ? " runs" : "") << " upto " << a.upto;
    for (const auto& n : a.ask) out << "\n  " << n.name << " in " << n.to.queue << " on " << n.shard.value;
  }
  void operator()(const names_answer& a) const {
    out << "names";
    for (const bool taken : a.taken) out << (taken ? " taken" : " free");
  }
  void operator()(const registry_answer& a) const {
    out << "registry";
    for (const auto& [key, value] : a.items) out << "\n  " << key << " = " << value;
  }
};

void hex(std::ostream& out, std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  for (const char c : bytes) out << digits[static_cast<unsigned char>(c) >> 4] << digits[c & 15];
}

} // namespace

std::string to_text(const message& m, instant now) {
  std::ostringstream out;
  out << (m.name.empty() ? "(nameless)" : m.name) << " place " << number(m.place.value) << " ttl "
      << left(m.expires, now) << " hide " << left(m.hidden_until, now) << (m.claimed ? " claimed" : "") << " claims "
      << m.claims << '/' << m.claims_total << " revision " << m.revision << " size " << m.body.size;
  if (m.attributes.priority > 0) out << " priority " << int{m.attributes.priority};
  if (const auto& d = m.dead_letter)
    out << " from " << d->queue << '@' << d->shard.value << '/' << d->id << ' ' << d->reason << ' ' << d->claims
        << " hops " << int{d->hops};
  return out.str();
}
std::string to_text(const task_view& t) {
  std::ostringstream out;
  out << number(t.id.value) << ' ' << to_string(t.state) << " moved " << t.moved << " skipped " << t.skipped
      << " failed " << t.failed << " remaining " << t.remaining << " to " << t.to.value_or("origin");
  return out.str();
}
std::string to_text(const settings& x) {
  std::ostringstream out;
  each_rule([&](setting which, auto member) {
    const auto& value = x.rules.*member;
    if (value) out << ' ' << setting_names[static_cast<int>(which)] << '=' << static_cast<std::uint64_t>(*value);
  });
  for (const auto& [name, value] : x.labels) out << " label:" << name << '=' << value;
  if (x.zone) out << " zone=" << *x.zone;
  if (const auto& d = x.rules.dead_letter)
    out << " dead_letter=" << d->queue << '@' << d->shard.value << ",claims=" << d->max_claims
        << (d->expired ? ",expired" : "") << (d->resets_claims ? "" : ",keep_claims")
        << (d->resets_ttl ? "" : ",keep_ttl");
  return out.str();
}
std::string to_text(const reply& r) {
  std::ostringstream out;
  std::visit(reply_writer{out}, r);
  return out.str();
}
std::string to_text(const answer& a) {
  std::ostringstream out;
  std::visit(answer_writer{out}, a);
  return out.str();
}
std::string to_text(const outcome& o) {
  std::ostringstream out;
  for (const auto& r : o.replies) out << to_text(r) << '\n';
  for (const auto& e : o.effects) {
    const auto& shown = std::get<became_visible>(e);
    out << "effect " << shown.queue.tenant << '/' << shown.queue.queue << ' ' << shown.count << '\n';
  }
  for (const auto& c : o.changes.changes) {
    hex(out, c.key);
    out << " = ";
    if (c.value) hex(out, *c.value);
    else out << "erased";
    out << (c.old_hash ? " was there\n" : " is new\n");
  }
  for (const auto& b : o.changes.bodies_erased) out << "body " << b.index.value << ':' << b.n << '\n';
  return out.str();
}

} // namespace burrow::test
