#include "node/progress.hpp"

#include "node/text.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>

namespace burrow {
namespace {

constexpr std::size_t cells = 30;
constexpr auto draw_every = std::chrono::milliseconds(150);

} // namespace

progress_bar::progress_bar(std::string what, bool wanted, std::string unit)
  : what_(std::move(what)), unit_(std::move(unit)), shown_(wanted && ::isatty(STDERR_FILENO) != 0),
    began_(std::chrono::steady_clock::now()) {}

progress_bar::~progress_bar() {
  if (drawn_) fmt::print(stderr, "\n");
}

void progress_bar::show(std::uint64_t done, std::uint64_t total) {
  const auto now = std::chrono::steady_clock::now();
  if (!shown_ || (drawn_ && done < total && now - last_ < draw_every)) return;
  drawn_ = true;
  last_ = now;
  const double share = total == 0 ? 1 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const auto full = static_cast<std::size_t>(share * cells);
  const std::string left = share > 0.01 && share < 1 ? human_time(seconds * (1 - share) / share) + " left" : "";
  const auto of = unit_.empty() ? fmt::format("{}/{}", human_size(done), human_size(total))
                                : fmt::format("{}/{}{}", done, total, unit_);
  fmt::print(stderr, "\r{}  [{}{}]  {}  {:<16}", what_, std::string(full, '#'), std::string(cells - full, '-'), of,
             left);
  std::fflush(stderr);
}

} // namespace burrow
