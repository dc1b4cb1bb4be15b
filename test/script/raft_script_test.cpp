// Runs test/script/raft/*.txt: a line of input, "----" and what happened if anything did, an empty line. With
// BURROW_REWRITE=1 the files get what happens now, for review. Disks are immediate unless slow; every message shows
// when it is delivered or lost.
//
//   group 1 2 3 [learners 4 5]              begins anew
//   add N                                   a node that knows nobody
//   log N TERM... [in TERM]                 what N has on disk, and starts with
//   elect N                                 until N leads and all know it
//   tick N [TIMES], tick all TIMES          all: and everything is delivered in between
//   deliver [COUNT]                         what is on the wire; drop [COUNT]: it is lost
//   propose N TEXT..., read N, transfer N TO, change N VOTER... [learners N...]
//   cut N..., cut A>B, heal                 slow N, sync N: its disk; restart N
//   compact N                               cuts its log below what it applied
//   install N TO, switch N                  the owners' part of an install
//   show [N...]                             where everybody stands
#include "test/support/raft_group.hpp"
#include "test/support/source_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace burrow;
using namespace burrow::test;

namespace {

using words = std::vector<std::string>;

std::uint64_t number(const std::string& text) { return std::strtoull(text.c_str(), nullptr, 10); }

class script {
 public:
  std::string run(const std::string& line);

 private:
  bool ask(const words& w);
  bool arrange(const words& w);
  void own(const words& w);
  void answer_reads();
  std::vector<std::uint64_t> numbers_until(const words& w, std::size_t from, const std::string& stop,
                                           std::size_t* stopped = nullptr);
  void deliver(std::size_t count, bool lost);
  void show(std::uint64_t n);
  void group(const words& w);
  void change(const words& w);
  void cut(const words& w);
  void log(const words& w);
  void tick(const words& w);
  void answer(errc code) { out_ << to_string(code) << "\n"; }

  std::unique_ptr<raft_group> g_;
  std::vector<std::uint64_t> nodes_;
  std::ostringstream out_;
};

std::vector<std::uint64_t> script::numbers_until(const words& w, std::size_t from, const std::string& stop,
                                                 std::size_t* stopped) {
  std::vector<std::uint64_t> out;
  while (from < w.size() && w[from] != stop) out.push_back(number(w[from++]));
  if (stopped != nullptr) *stopped = from + 1;
  return out;
}

void script::deliver(std::size_t count, bool lost) {
  for (; count > 0 && g_->next() != nullptr; --count) {
    out_ << (lost ? "lost " : "") << text_of(*g_->next()) << "\n";
    if (lost)
      g_->wire().pop_front();
    else
      g_->deliver_one();
  }
}

void script::group(const words& w) {
  std::size_t rest = 0;
  const auto voters = numbers_until(w, 1, "learners", &rest);
  const auto learners = numbers_until(w, rest, "");
  g_ = std::make_unique<raft_group>(voters, learners);
  nodes_ = voters;
  nodes_.insert(nodes_.end(), learners.begin(), learners.end());
}

void script::change(const words& w) {
  raft::config_change wanted;
  std::size_t rest = 0;
  for (const auto n : numbers_until(w, 2, "learners", &rest)) wanted.voters.push_back(raft_group::member(n));
  for (const auto n : numbers_until(w, rest, "")) wanted.learners.push_back(raft_group::member(n));
  const auto n = number(w[1]);
  answer(g_->core(n).change(wanted).code());
  g_->drain(n);
}

void script::cut(const words& w) {
  for (std::size_t i = 1; i < w.size(); ++i) {
    const auto arrow = w[i].find('>');
    if (arrow == std::string::npos)
      g_->cut(number(w[i]));
    else
      g_->cut_between(number(w[i]), number(w[i].substr(arrow + 1)));
  }
}

void script::log(const words& w) {
  std::size_t rest = 0;
  const auto terms = numbers_until(w, 2, "in", &rest);
  const auto in = rest < w.size() ? number(w[rest]) : terms.empty() ? 0 : terms.back();
  g_->start_with(number(w[1]), terms, in);
}

void script::tick(const words& w) {
  const auto times = static_cast<std::uint32_t>(w.size() > 2 ? number(w[2]) : 1);
  if (w[1] == "all")
    g_->tick_all(times);
  else
    g_->tick(number(w[1]), times);
}

void script::show(std::uint64_t n) {
  const auto s = g_->status(n);
  out_ << n << ": "
       << (s.leads    ? "leads"
           : s.leader ? "follows " + std::to_string(s.leader->node.value)
                      : "follows nobody")
       << " in term " << s.term.value << ", log " << s.first.value << " to " << s.last.value << ", on disk "
       << s.persisted.value << ", committed " << s.committed.value;
  const auto& c = g_->core(n).config();
  const auto list = [&](const char* name, const std::vector<raft::member>& set) {
    if (set.empty()) return;
    out_ << ", " << name;
    for (const auto& m : set) out_ << " " << m.node.value;
  };
  list("voters", c.voters);
  list("leaving", c.leaving);
  list("learners", c.learners);
  out_ << "\n";
}

/// Lines about the core's interface.
bool script::ask(const words& w) {
  const auto& what = w[0];
  const auto n = w.size() > 1 ? number(w[1]) : 0;
  if (what == "propose") {
    std::vector<raft::command_bytes> commands;
    for (std::size_t i = 2; i < w.size(); ++i) commands.push_back(command(w[i]));
    answer(g_->core(n).propose(std::move(commands)).code());
  } else if (what == "read") {
    answer(g_->core(n).read().code());
  } else if (what == "transfer") {
    answer(g_->core(n).transfer({number(w[2])}).code());
  } else if (what == "change") {
    change(w);
    return true;
  } else {
    return false;
  }
  g_->drain(n);
  return true;
}

/// Lines about the world around it.
bool script::arrange(const words& w) {
  const auto& what = w[0];
  const auto n = w.size() > 1 ? number(w[1]) : 0;
  if (what == "group")
    group(w);
  else if (what == "log")
    log(w);
  else if (what == "tick")
    tick(w);
  else if (what == "elect")
    g_->elect(n);
  else if (what == "deliver" || what == "drop")
    deliver(w.size() > 1 ? n : 1000, what == "drop");
  else if (what == "cut")
    cut(w);
  else if (what == "heal")
    g_->heal();
  else if (what == "slow")
    g_->at(n).slow_disk = true;
  else if (what == "restart")
    g_->restart(n);
  else
    return false;
  return true;
}

/// Lines about what an owner does for its core.
void script::own(const words& w) {
  const auto& what = w[0];
  const auto n = w.size() > 1 ? number(w[1]) : 0;
  if (what == "add") {
    g_->add(n);
    nodes_.push_back(n);
  } else if (what == "sync") {
    g_->at(n).slow_disk = false;
    g_->sync(n);
  } else if (what == "compact") {
    const auto& last = g_->at(n).applied.back();
    g_->core(n).compacted({last.index, last.term, {}, 1, {}}, {last.index.value + 1});
    g_->drain(n);
  } else if (what == "install") {
    g_->core(n).install_ready({number(w[2])}, {g_->at(n).disk.snapshot}, {1});
    g_->drain(n);
  } else if (what == "switch") {
    const auto& offer = g_->at(n).offer;
    const bool may = offer && g_->core(n).begin_switch(offer->meta, offer->session);
    out_ << (may ? "switches to " + std::to_string(offer->meta.index.value) : "keeps its log") << "\n";
    if (!may) return;
    g_->at(n).log.clear();
    g_->core(n).snapshot_installed(offer->meta);
    g_->drain(n);
  } else if (what == "show") {
    for (const auto each : nodes_) {
      if (w.size() == 1 || std::find(w.begin() + 1, w.end(), std::to_string(each)) != w.end()) show(each);
    }
  } else {
    out_ << "unknown line\n";
  }
}

void script::answer_reads() {
  for (const auto each : nodes_) {
    for (const auto& r : std::exchange(g_->at(each).reads, {})) {
      out_ << each << " read " << r.id.value << ": ";
      if (r.index)
        out_ << "at index " << r.index->value << "\n";
      else
        answer(r.index.code());
    }
  }
}

std::string script::run(const std::string& line) {
  out_.str("");
  words w;
  std::istringstream in(line);
  for (std::string word; in >> word;) w.push_back(word);
  if (!ask(w) && !arrange(w)) own(w);
  if (g_ && w[0] != "show") answer_reads();
  return out_.str();
}

void run_file(const std::filesystem::path& path) {
  std::stringstream wanted;
  wanted << std::ifstream(path).rdbuf();
  std::ostringstream real;
  script s;
  bool expected = false;
  for (std::string line; std::getline(wanted, line);) {
    if (line == "----") expected = true;
    if (line.empty()) expected = false;
    if (expected) continue;
    real << line << "\n";
    if (line.empty() || line[0] == '#') continue;
    const auto out = s.run(line);
    if (!out.empty()) real << "----\n" << out;
  }
  if (std::getenv("BURROW_REWRITE") != nullptr)
    std::ofstream(path) << real.str();
  else
    CHECK_MESSAGE(real.str() == wanted.str(), path.filename().string() << " (BURROW_REWRITE=1 accepts this):\n"
                                                                       << real.str());
}

} // namespace

TEST_CASE("groups of replicas do what the scripts say") {
  std::vector<std::filesystem::path> paths;
  for (const auto& f : std::filesystem::directory_iterator(source_directory() + "/test/script/raft")) {
    if (f.path().extension() == ".txt") paths.push_back(f.path());
  }
  std::sort(paths.begin(), paths.end());
  REQUIRE(paths.size() >= 6);
  for (const auto& p : paths) run_file(p);
}
