#include "node/forming.hpp"

#include "cluster/codec/admin_codec.hpp"
#include "cluster/placement/bootstrap.hpp"
#include "cluster/storage/keys.hpp"
#include "node/data_directory.hpp"
#include "node/durable_file.hpp"
#include "node/node_process.hpp"
#include "node/text.hpp"
#include "node/version.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

namespace burrow {
namespace {

using namespace placement;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
constexpr const char* promise_file = "PROMISE";
constexpr duration say_every = 5s, ask_every = 500ms;

result<std::optional<std::string>> read_file(const std::string& path) {
  std::error_code failed;
  if (!std::filesystem::exists(path, failed)) return std::optional<std::string>{};
  std::ifstream in(path, std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  if (!in) return error{errc::io_failed, "cannot read " + path};
  return std::optional{std::move(all).str()};
}

/// Answers and questions that the plane's thread brings, taken by the one that forms.
class inbox {
public:
  struct question {
    std::uint64_t number = 0;
    admit_question what;
  };
  struct said {
    std::string address;
    result<std::string> answer = errc::timed_out;
  };

  void tell(said what) {
    const std::lock_guard lock(mutex_);
    said_.push_back(std::move(what));
    wake_.notify_one();
  }
  void ask(std::string bytes, admit_desk::answer to) {
    auto read = codec::decode_admin(bytes);
    const auto* const q = read ? std::get_if<admit_question>(&*read) : nullptr;
    if (q == nullptr) return to(codec::encode_admin(no_admission(standing::refused, "the question cannot be read")));
    const std::lock_guard lock(mutex_);
    askers_.emplace(++last_, std::move(to));
    questions_.push_back({last_, *q});
    wake_.notify_one();
  }
  void answer(std::uint64_t number, const admit_answer& what) {
    admit_desk::answer to;
    {
      const std::lock_guard lock(mutex_);
      const auto at = askers_.find(number);
      if (at == askers_.end()) return;
      to = std::move(at->second);
      askers_.erase(at);
    }
    to(codec::encode_admin(what));
  }
  /// Waits for something, for a moment.
  void take(std::deque<said>& answers, std::deque<question>& questions) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, 100ms, [&] { return !said_.empty() || !questions_.empty(); });
    answers.swap(said_);
    questions.swap(questions_);
  }

private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<said> said_;
  std::deque<question> questions_;
  std::map<std::uint64_t, admit_desk::answer> askers_;
  std::uint64_t last_ = 0;
};

class former {
public:
  /// `was_in`: the cluster that this node is a member of, though its store is gone.
  former(const settings& with, node_id self, data_plane& plane, std::optional<map_order> was_in)
    : with_(with), plane_(plane), self_(own_entry(with, self)), was_in_(std::move(was_in)),
      in_(std::make_shared<inbox>()) {}

  result<formed> run(admit_desk& desk) {
    desk.hand_to([in = in_](std::string q, std::string, admit_desk::answer to) {
      in->ask(std::move(q), std::move(to));
    });
    auto promised = read_promise();
    if (!promised) return promised.error();
    // Who was in a cluster makes no other one, however many of its members are gone.
    if (with_.bootstrap_expect > 0 && !was_in_) {
      bootstrap_options o{self_.cluster, addresses(), {random_number(), random_number()}};
      if (auto fine = check_bootstrap(o, with_.bootstrap_expect); !fine) return fine.error();
      bootstrap_.emplace(std::move(o), *promised);
    }
    while (!done_) {
      if (asked_to_end()) return error{errc::unavailable, "asked to end before there was a cluster"};
      if (bootstrap_) {
        bootstrap_->tick({since_start().count()});
        carry_out();
      } else if (const auto now = steady::now(); now >= ask_at_) {
        ask_at_ = now + ask_every;
        ask_next();
      }
      hear();
      if (failed_) return *failed_;
      say();
    }
    return std::move(*done_);
  }

private:
  [[nodiscard]] duration since_start() const {
    return std::chrono::duration_cast<duration>(steady::now() - began_);
  }
  [[nodiscard]] std::vector<std::string> addresses() const {
    std::vector<std::string> out;
    const auto parsed = parse_endpoints(with_.join); // load_settings has checked what there is
    for (const auto& e : with_.join.empty() ? std::vector<endpoint>{} : *parsed) out.push_back(text_of(e));
    for (const auto& e : was_in_ ? was_in_->nodes : std::vector<node_entry>{})
      if (e.name != self_.name && std::ranges::find(out, e.cluster) == out.end()) out.push_back(e.cluster);
    return out;
  }
  static std::string text_of(const endpoint& e) {
    return e.host.find(':') != std::string::npos ? fmt::format("[{}]:{}", e.host, e.port)
                                                 : fmt::format("{}:{}", e.host, e.port);
  }

  result<std::optional<hash128>> read_promise() const {
    auto bytes = read_file(with_.data + '/' + promise_file);
    if (!bytes) return bytes.error();
    if (!*bytes) return std::optional<hash128>{};
    byte_reader in(**bytes);
    const hash128 out = in.hash();
    if (!in.done()) return error{errc::corrupt, with_.data + "/PROMISE is damaged; it holds nothing else, remove it"};
    return std::optional{out};
  }

  /// Asks one address after the other; who refuses does so for good.
  void ask_next() {
    const auto all = addresses();
    ask(all[next_++ % all.size()], std::nullopt);
  }

  void ask(const std::string& address, std::optional<hash128> promise) {
    if (address == self_.cluster || asking_.contains(address)) return;
    const auto parsed = parse_endpoints(address);
    if (!parsed || parsed->size() != 1) return;
    admit_question q;
    q.self = self_;
    q.promise = promise;
    q.expect = static_cast<std::uint32_t>(with_.bootstrap_expect);
    asking_.insert(address);
    plane_.ask(parsed->front().host, static_cast<std::uint16_t>(parsed->front().port + 1),
               codec::encode_admin(std::move(q)),
               [in = in_, address](result<std::string> said) { in->tell({address, std::move(said)}); });
  }

  void hear() {
    std::deque<inbox::said> said;
    std::deque<inbox::question> questions;
    in_->take(said, questions);
    for (auto& one : said) {
      asking_.erase(one.address);
      if (!one.answer) {
        last_words_ = fmt::format("{}: {}", one.address, one.answer.error().context.empty()
                                                             ? to_string(one.answer.code())
                                                             : one.answer.error().context);
        continue;
      }
      auto read = codec::decode_admin(*one.answer);
      const auto* const a = read ? std::get_if<admit_answer>(&*read) : nullptr;
      if (a != nullptr) heard(one.address, *a);
      else last_words_ = fmt::format("{}: its answer cannot be read ({})", one.address,
                                     read ? "another message" : read.error().context);
    }
    for (const auto& q : questions) {
      if (bootstrap_) bootstrap_->asked(q.number, q.what);
      else in_->answer(q.number, no_admission(standing::empty, "waits to be let in itself"));
    }
    if (bootstrap_) carry_out();
  }

  void heard(const std::string& address, const admit_answer& a) {
    if (!a.text.empty()) last_words_ = fmt::format("{}: {}", address, a.text);
    const auto news = news_in(a, was_in_ ? std::optional(was_in_->cluster) : std::nullopt, name_taken_for());
    if (news == admit_news::of_others) {
      last_words_ = fmt::format("{}: is of another cluster than {}/{}", address, with_.data, cluster_file);
    } else if (news == admit_news::admitted) {
      formed out;
      out.record = {self_.node, *a.cluster, a.shards, a.shards_per_tenant, keys::format_version};
      out.map = map_order{*a.cluster, a.map, a.nodes};
      done_ = std::move(out);
    } else if (news == admit_news::name_taken) {
      name_is_taken();
    } else if (news == admit_news::refused) {
      failed_ = error{errc::config_invalid, fmt::format("join: {} refuses this node: {}", address, a.text)};
    } else if (bootstrap_) {
      bootstrap_->answered(address, a);
    }
  }

  /// Others may take who comes back so soon without its disk for the one that has just ended.
  void name_is_taken() {
    if (!name_taken_at_) name_taken_at_ = since_start();
    last_words_ += fmt::format("; if that one has just ended, it will be known to be dead: asks on for {} s",
                               std::chrono::ceil<std::chrono::seconds>(known_dead_within - name_taken_for()).count());
  }
  [[nodiscard]] duration name_taken_for() const {
    return name_taken_at_ ? since_start() - *name_taken_at_ : duration{0};
  }

  void carry_out() {
    for (auto& e : bootstrap_->take_effects()) {
      if (const auto* const x = std::get_if<ask_effect>(&e)) {
        ask(x->address, x->promise);
      } else if (const auto* const p = std::get_if<promise_effect>(&e)) {
        std::string bytes;
        byte_writer(bytes).hash(p->cluster);
        if (auto kept = replace_file(with_.data, promise_file, bytes); !kept) failed_ = kept.error();
        else bootstrap_->promised();
      } else if (const auto* const a = std::get_if<placement::answer_effect>(&e)) {
        in_->answer(a->question, a->answer);
      } else if (const auto* const c = std::get_if<create_effect>(&e)) {
        formed out;
        out.record = {self_.node, c->cluster, static_cast<std::uint16_t>(with_.shards), limits::shards_per_tenant,
                      keys::format_version};
        done_ = std::move(out);
      } else {
        ask(std::get<join_effect>(e).address, std::nullopt);
      }
    }
  }

  void say() {
    if (steady::now() < say_at_) return;
    say_at_ = steady::now() + say_every;
    const auto whom = bootstrap_ && !name_taken_at_ ? bootstrap_->waiting_for()
                                                    : fmt::format("{}", fmt::join(addresses(), ","));
    spdlog::info("not in a cluster yet, waiting for {}{}{}", whom, last_words_.empty() ? "" : "; ", last_words_);
  }

  const settings& with_;
  data_plane& plane_;
  node_entry self_;
  std::optional<map_order> was_in_;
  std::shared_ptr<inbox> in_;
  std::optional<bootstrap> bootstrap_;
  std::set<std::string> asking_;
  std::optional<formed> done_;
  std::optional<error> failed_;
  std::optional<duration> name_taken_at_; ///< first heard that another node has this one's name
  std::string last_words_;
  std::size_t next_ = 0;
  steady::time_point began_ = steady::now(), ask_at_ = began_, say_at_ = began_ + 2s;
};

} // namespace

result<std::optional<map_order>> read_cluster_file(const std::string& directory) {
  const auto bytes = read_file(directory + '/' + cluster_file);
  if (!bytes) return bytes.error();
  if (!*bytes) return std::optional<map_order>{};
  auto read = codec::decode_admin(**bytes);
  const auto* const map = read ? std::get_if<map_order>(&*read) : nullptr;
  if (map == nullptr) return error{errc::corrupt, fmt::format("data: {}/{} is damaged", directory, cluster_file)};
  return std::optional{*map};
}

result<void> write_cluster_file(const std::string& directory, const map_order& what) {
  return replace_file(directory, cluster_file, codec::encode_admin(what));
}

node_entry own_entry(const settings& with, node_id self) {
  const auto first = [](const std::string& list) { return list.substr(0, list.find(',')); };
  return {self, with.node, with.zone, with.cluster.empty() ? cluster_default : with.cluster, first(with.http),
          first(with.admin), std::string(version_text), node_state::storage};
}

void admit_desk::hand_to(handler whom) {
  const std::lock_guard lock(mutex_);
  whom_ = std::move(whom);
}

void admit_desk::ask(std::string question, std::string from, answer to) {
  handler whom;
  {
    const std::lock_guard lock(mutex_);
    whom = whom_;
  }
  if (whom) whom(std::move(question), std::move(from), std::move(to));
  else to(codec::encode_admin(no_admission(standing::empty, "this node is starting; ask again")));
}

result<formed> form(const settings& with, node_id self, data_plane& plane, admit_desk& desk) {
  auto was_in = read_cluster_file(with.data);
  if (!was_in) return was_in.error();
  if (*was_in && (**was_in).nodes.size() < 2) was_in->reset();
  if (with.join.empty() && !*was_in) {
    formed out;
    out.record = {self, {random_number(), random_number()}, static_cast<std::uint16_t>(with.shards),
                  limits::shards_per_tenant, keys::format_version};
    return out;
  }
  return former(with, self, plane, std::move(*was_in)).run(desk);
}

} // namespace burrow
